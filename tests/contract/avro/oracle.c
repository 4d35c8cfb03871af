// Avro C as the oracle, on valid data: what we write it reads as the same values, what it writes we
// read as the same values; for random values of every record.
#include "tests/support/unit.h"

#include <avro.h>

#include "tests/support/any.h"
#include "tests/support/records.h"

#define ROUNDS 40
#define BYTES_MAX ((size_t)16 << 20)

#define assert_avro(call) assert_avro_ok((call), #call)

static void assert_avro_ok(int rc, const char *call)
{
    if (rc == 0)
        return;
    print_error("%s: %.200s\n", call, avro_strerror());
    fail();
}

static unsigned symbol_of(const void *at)
{
    unsigned v;
    memcpy(&v, at, sizeof v);
    return v;
}

// The values of Avro C against ours --------------------------------------------------------------

static void same_record(
        const struct toc_avro_record *record, const void *ours, avro_value_t *theirs);

static void same_text(const struct toc_slice *ours, avro_value_t *theirs, bool text)
{
    const void *bytes = NULL;
    size_t size = 0;
    if (text)
        assert_avro(avro_value_get_string(theirs, (const char **)&bytes, &size));
    else
        assert_avro(avro_value_get_bytes(theirs, &bytes, &size));
    assert_slices_equal(toc_slice(bytes, text ? size - 1 : size), *ours); // theirs counts a NUL
}

static void same_value(const struct toc_avro_field *f, const void *ours, avro_value_t *theirs)
{
    int flag = 0, symbol = 0;
    int32_t small = 0;
    int64_t large = 0;
    const void *bytes = NULL;
    size_t size = 0;
    switch (f->kind) {
    case TOC_AVRO_BOOLEAN:
        assert_avro(avro_value_get_boolean(theirs, &flag));
        assert_int_equal(flag != 0, *(const bool *)ours);
        break;
    case TOC_AVRO_INT:
        assert_avro(avro_value_get_int(theirs, &small));
        assert_int_equal(small, *(const int32_t *)ours);
        break;
    case TOC_AVRO_LONG:
    case TOC_AVRO_TIME:
        assert_avro(avro_value_get_long(theirs, &large));
        assert_int_equal(large, *(const int64_t *)ours);
        break;
    case TOC_AVRO_STRING:
    case TOC_AVRO_BYTES:
        same_text(ours, theirs, f->kind == TOC_AVRO_STRING);
        break;
    case TOC_AVRO_FIXED:
        assert_avro(avro_value_get_fixed(theirs, &bytes, &size));
        assert_slices_equal(toc_slice(bytes, size), toc_slice(ours, f->bytes));
        break;
    case TOC_AVRO_ENUM:
        assert_avro(avro_value_get_enum(theirs, &symbol));
        assert_int_equal(symbol, symbol_of(ours));
        break;
    case TOC_AVRO_RECORD:
        same_record(f->record, ours, theirs);
        break;
    }
}

// Where the value of a nullable field lies; NULL: null.
static const void *present(const struct toc_avro_field *f, const uint8_t *base)
{
    const void *at = base + f->offset;
    const struct toc_slice *text = at;
    if (f->kind == TOC_AVRO_RECORD) {
        memcpy(&at, base + f->offset, sizeof at);
        return at;
    }
    if (f->kind == TOC_AVRO_STRING || f->kind == TOC_AVRO_BYTES)
        return text->ptr == NULL ? NULL : at;
    return *(const bool *)(base + f->beside) ? at : NULL;
}

static const uint8_t *items(const struct toc_avro_field *f, const uint8_t *base, size_t *count)
{
    const uint8_t *at;
    memcpy(&at, base + f->offset, sizeof at);
    memcpy(count, base + f->beside, sizeof *count);
    return at;
}

static void same_field(const struct toc_avro_field *f, const uint8_t *base, avro_value_t *theirs)
{
    avro_value_t inner;
    int branch = 0;
    size_t count, theirs_count = 0;
    if (f->form == TOC_AVRO_PLAIN) {
        same_value(f, base + f->offset, theirs);
    } else if (f->form == TOC_AVRO_NULLABLE) {
        const void *at = present(f, base);
        assert_avro(avro_value_get_discriminant(theirs, &branch));
        assert_int_equal(branch, at == NULL ? 0 : 1);
        if (at != NULL) {
            assert_avro(avro_value_get_current_branch(theirs, &inner));
            same_value(f, at, &inner);
        }
    } else {
        const uint8_t *at = items(f, base, &count);
        assert_avro(avro_value_get_size(theirs, &theirs_count));
        assert_int_equal(theirs_count, count);
        for (size_t i = 0; i < count; i++) {
            assert_avro(avro_value_get_by_index(theirs, i, &inner, NULL));
            same_value(f, at + i * toc_avro_stride(f), &inner);
        }
    }
}

static void same_record(
        const struct toc_avro_record *record, const void *ours, avro_value_t *theirs)
{
    size_t count = 0;
    assert_avro(avro_value_get_size(theirs, &count));
    assert_int_equal(count, record->field_count);
    for (uint32_t i = 0; i < record->field_count; i++) {
        avro_value_t field;
        assert_avro(avro_value_get_by_name(theirs, record->fields[i].name, &field, NULL));
        same_field(&record->fields[i], ours, &field);
    }
}

// Our values into those of Avro C ----------------------------------------------------------------

static void set_record(
        const struct toc_avro_record *record, const void *ours, avro_value_t *theirs);

static void set_value(const struct toc_avro_field *f, const void *ours, avro_value_t *theirs)
{
    const struct toc_slice *s = ours;
    switch (f->kind) {
    case TOC_AVRO_BOOLEAN:
        assert_avro(avro_value_set_boolean(theirs, *(const bool *)ours));
        break;
    case TOC_AVRO_INT:
        assert_avro(avro_value_set_int(theirs, *(const int32_t *)ours));
        break;
    case TOC_AVRO_LONG:
    case TOC_AVRO_TIME:
        assert_avro(avro_value_set_long(theirs, *(const int64_t *)ours));
        break;
    case TOC_AVRO_STRING: {
        char *text = calloc(1, s->len + 1);
        assert_non_null(text);
        if (s->len != 0)
            memcpy(text, s->ptr, s->len);
        assert_avro(avro_value_set_string_len(theirs, text, s->len + 1));
        free(text);
        break;
    }
    case TOC_AVRO_BYTES: {
        struct toc_buf copy;
        toc_buf_init(&copy, BYTES_MAX);
        toc_buf_put_slice(&copy, *s);
        toc_buf_put_byte(&copy, 0);
        assert_avro(avro_value_set_bytes(theirs, copy.ptr, s->len));
        toc_buf_done(&copy);
        break;
    }
    case TOC_AVRO_FIXED: {
        uint8_t copy[256];
        assert_true(f->bytes <= sizeof copy);
        memcpy(copy, ours, f->bytes);
        assert_avro(avro_value_set_fixed(theirs, copy, f->bytes));
        break;
    }
    case TOC_AVRO_ENUM:
        assert_avro(avro_value_set_enum(theirs, (int)symbol_of(ours)));
        break;
    case TOC_AVRO_RECORD:
        set_record(f->record, ours, theirs);
        break;
    }
}

static void set_field(const struct toc_avro_field *f, const uint8_t *base, avro_value_t *theirs)
{
    avro_value_t inner;
    size_t count;
    if (f->form == TOC_AVRO_PLAIN) {
        set_value(f, base + f->offset, theirs);
    } else if (f->form == TOC_AVRO_NULLABLE) {
        const void *at = present(f, base);
        assert_avro(avro_value_set_branch(theirs, at == NULL ? 0 : 1, &inner));
        if (at != NULL)
            set_value(f, at, &inner);
        else
            assert_avro(avro_value_set_null(&inner));
    } else {
        const uint8_t *at = items(f, base, &count);
        for (size_t i = 0; i < count; i++) {
            assert_avro(avro_value_append(theirs, &inner, NULL));
            set_value(f, at + i * toc_avro_stride(f), &inner);
        }
    }
}

static void set_record(const struct toc_avro_record *record, const void *ours, avro_value_t *theirs)
{
    for (uint32_t i = 0; i < record->field_count; i++) {
        avro_value_t field;
        assert_avro(avro_value_get_by_name(theirs, record->fields[i].name, &field, NULL));
        set_field(&record->fields[i], ours, &field);
    }
}

// The test ---------------------------------------------------------------------------------------

struct oracle {
    avro_schema_t schema;
    avro_value_iface_t *iface;
};

static struct oracle oracle_of(const struct toc_avro_record *record)
{
    struct oracle o = {0};
    struct toc_buf text;
    toc_buf_init(&text, BYTES_MAX);
    toc_avro_put_schema(record, &text);
    assert_avro(avro_schema_from_json_length((const char *)text.ptr, text.len, &o.schema));
    o.iface = avro_generic_class_from_schema(o.schema);
    assert_non_null(o.iface);
    toc_buf_done(&text);
    return o;
}

static void they_read_ours(const struct oracle *o, const struct toc_avro_record *record,
        const void *ours, struct toc_buf *body)
{
    avro_value_t theirs;
    assert_avro(avro_generic_value_new(o->iface, &theirs));
    record->write(ours, body);
    assert_false(body->failed);
    avro_reader_t reader = avro_reader_memory((const char *)body->ptr, (int64_t)body->len);
    assert_avro(avro_value_read(reader, &theirs));
    same_record(record, ours, &theirs);
    avro_reader_free(reader);
    avro_value_decref(&theirs);
}

static void we_read_theirs(const struct oracle *o, const struct toc_avro_record *record,
        const void *ours, const struct toc_buf *body, struct toc_arena *arena)
{
    static char written[BYTES_MAX];
    avro_value_t theirs;
    struct toc_err err = {0};
    struct toc_buf again;
    assert_avro(avro_generic_value_new(o->iface, &theirs));
    set_record(record, ours, &theirs);
    avro_writer_t writer = avro_writer_memory(written, sizeof written);
    assert_avro(avro_value_write(writer, &theirs));
    struct toc_slice bytes = toc_slice(written, (size_t)avro_writer_tell(writer));
    void *got = toc_arena_alloc(arena, 1, record->size);
    assert_non_null(got);
    assert_ok(toc_avro_decode(record, bytes, record->fingerprint, arena, got, &err), err);
    toc_buf_init(&again, BYTES_MAX);
    record->write(got, &again);
    assert_slices_equal(toc_buf_slice(&again), toc_buf_slice(body));
    toc_buf_done(&again);
    avro_writer_free(writer);
    avro_value_decref(&theirs);
}

static void agrees_with_avro_c(void **state)
{
    (void)state;
    struct toc_arena arena;
    struct any any = {.state = 17, .arena = &arena, .most_items = 30};
    toc_arena_init(&arena, (size_t)1 << 30);
    for (size_t i = 0; i < record_count; i++) {
        struct oracle o = oracle_of(records[i]);
        print_message("%s\n", records[i]->name);
        for (size_t round = 0; round < ROUNDS; round++) {
            struct toc_buf body;
            toc_arena_reset(&arena);
            void *ours = toc_arena_alloc(&arena, 1, records[i]->size);
            assert_non_null(ours);
            any_record(&any, records[i], ours);
            toc_buf_init(&body, BYTES_MAX);
            they_read_ours(&o, records[i], ours, &body);
            we_read_theirs(&o, records[i], ours, &body, &arena);
            toc_buf_done(&body);
        }
        avro_value_iface_decref(o.iface);
        avro_schema_decref(o.schema);
    }
    toc_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_avro_c)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
