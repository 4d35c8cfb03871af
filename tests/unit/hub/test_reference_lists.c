// MISP warninglists as they are published, and as nobody should send them.
#include "tests/unit/hub/reference_kit.h"

#include <dirent.h>

#define DATA "tests/data/warninglists"

static toc_rc compile(enum toc_reference_type type, struct toc_slice bytes,
        struct toc_reference_set **out, struct toc_err *err)
{
    const struct toc_reference_use use = kit_use("list", type, TOC_REFERENCE_EFFECT_CAP, bytes);
    return toc_reference_compile(&use, bytes, out, err);
}

static void types(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum toc_kind kind;
        const char *value;
        bool hit;
    } rows[] = {
            {"{\"list\": [\"Evil.COM\"], \"type\": \"string\"}", TOC_KIND_DOMAIN, "evil.com",
                    true}, // canonical forms are compared
            {"{\"list\": [\"evil.com\"], \"type\": \"string\"}", TOC_KIND_DOMAIN, "www.evil.com",
                    false},
            {"{\"list\": [\"evil.com.\"], \"type\": \"string\"}", TOC_KIND_DOMAIN, "evil.com",
                    true},
            {"{\"list\": [\".evil.com\"], \"type\": \"string\"}", TOC_KIND_DOMAIN, "evil.com",
                    false}, // has no canonical form
            {"{\"list\": [\"evil.com\"], \"type\": \"string\"}", TOC_KIND_EMAIL, "a@evil.com",
                    true}, // by its host
            {"{\"list\": [\"a@evil.com\"], \"type\": \"string\"}", TOC_KIND_EMAIL, "a@evil.com",
                    true},
            {"{\"list\": [\"45.1.2.3\"], \"type\": \"string\"}", TOC_KIND_IPV4, "45.1.2.3", true},
            {"{\"list\": [\"45.1.2.3\"], \"type\": \"string\"}", TOC_KIND_ENDPOINT, "45.1.2.3:80",
                    true},
            {"{\"list\": [\"45.1.2.0/24\"], \"type\": \"string\"}", TOC_KIND_IPV4, "45.1.2.3",
                    false},
            {"{\"list\": [\"45.1.2.0/24\"], \"type\": \"string\"}", TOC_KIND_CIDR, "45.1.2.0/24",
                    true},
            {"{\"list\": [\"45.1.2.3\"], \"type\": \"string\"}", TOC_KIND_CIDR, "45.1.2.0/24",
                    false},
            {"{\"list\": [\"D41D8CD98F00B204E9800998ECF8427E\"], \"type\": \"string\"}",
                    TOC_KIND_MD5, "d41d8cd98f00b204e9800998ecf8427e", true},
            {"{\"list\": [\"ev\\u0069l.com\"], \"type\": \"string\"}", TOC_KIND_DOMAIN, "evil.com",
                    true},
            {"{\"list\": [\".evil.com\"], \"type\": \"hostname\"}", TOC_KIND_DOMAIN, "a.b.evil.com",
                    true},
            {"{\"list\": [\".evil.com\"], \"type\": \"hostname\"}", TOC_KIND_DOMAIN, "evil.com",
                    true},
            {"{\"list\": [\"a.evil.com\"], \"type\": \"hostname\"}", TOC_KIND_DOMAIN, "evil.com",
                    false},
            {"{\"list\": [\"com\"], \"type\": \"hostname\"}", TOC_KIND_DOMAIN, "evil.com",
                    false}, // a single label is no name
            {"{\"list\": [\"45.1.2.3\"], \"type\": \"cidr\"}", TOC_KIND_IPV4, "45.1.2.3", true},
            {"{\"list\": [\"45.1.2.3/32\"], \"type\": \"cidr\"}", TOC_KIND_IPV4, "45.1.2.3", true},
            {"{\"list\": [\"45.1.2.3\"], \"type\": \"cidr\"}", TOC_KIND_CIDR, "45.1.2.0/24", true},
            {"{\"list\": [\"FE80::/10\", \"2A00:1::/32\"], \"type\": \"cidr\"}", TOC_KIND_IPV6,
                    "2a00:1::5", true},
            {"{\"list\": [\"45.1.2.0/24\"], \"type\": \"cidr\"}", TOC_KIND_IPV6,
                    "2d01:200::", false},
            {"{\"list\": [\"45.1.2.3/24\"], \"type\": \"cidr\"}", TOC_KIND_IPV4, "45.1.2.3",
                    false}, // host bits: no canonical form
            {"{\"list\": [\"Total\", \"xx\"], \"type\": \"substring\"}", TOC_KIND_DOMAIN,
                    "www.virustotal.com", true},
            {"{\"list\": [\"@evil.\"], \"type\": \"substring\"}", TOC_KIND_EMAIL, "a@evil.com",
                    true},
            {"{\"list\": [\"a@evil\"], \"type\": \"substring\"}", TOC_KIND_EMAIL, "a@evil.com",
                    false}, // judged by its host
            {"{\"list\": [\"abc\"], \"type\": \"substring\"}", TOC_KIND_MD5,
                    "d41d8cd98f00b204e98abc98ecf8427e", true},
            {"{\"list\": [\"/evil/\"], \"type\": \"regex\"}", TOC_KIND_DOMAIN, "evil.com", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit kit = {0};
        kit_list(&kit, "list", TOC_REFERENCE_EFFECT_CAP, rows[i].json);
        if ((*kit_effect(&kit, rows[i].kind, rows[i].value) != '\0') != rows[i].hit)
            fail_msg("%s and %s", rows[i].json, rows[i].value);
        kit_done(&kit);
    }
}

static void matching_attributes(void **state)
{
    (void)state;
    static const struct {
        const char *attributes;
        enum toc_reference_effect effect;
        enum toc_kind kind;
        const char *value;
        bool hit;
    } rows[] = {
            {"\"domain\"", TOC_REFERENCE_EFFECT_ANNOTATE, TOC_KIND_DOMAIN, "evil.com", true},
            {"\"domain\"", TOC_REFERENCE_EFFECT_ANNOTATE, TOC_KIND_URL, "http://evil.com/", false},
            {"\"domain\", \"url\"", TOC_REFERENCE_EFFECT_ANNOTATE, TOC_KIND_URL, "http://evil.com/",
                    true},
            {"\"domain\"", TOC_REFERENCE_EFFECT_ANNOTATE, TOC_KIND_EMAIL, "a@evil.com", false},
            // Never blocked as a name, then neither as the host of something
            {"\"domain\"", TOC_REFERENCE_EFFECT_NEVER_BLOCK, TOC_KIND_URL, "http://evil.com/",
                    true},
            {"\"domain\"", TOC_REFERENCE_EFFECT_NEVER_BLOCK, TOC_KIND_EMAIL, "a@evil.com", true},
            {"\"hostname\"", TOC_REFERENCE_EFFECT_CAP, TOC_KIND_DOMAIN, "evil.com", true},
            {"\"ip-dst\"", TOC_REFERENCE_EFFECT_CAP, TOC_KIND_DOMAIN, "evil.com", false},
            {"\"md5\", \"phone-number\"", TOC_REFERENCE_EFFECT_CAP, TOC_KIND_DOMAIN, "evil.com",
                    false},
            {"\"phone-number\"", TOC_REFERENCE_EFFECT_CAP, TOC_KIND_DOMAIN, "evil.com", false},
            {"", TOC_REFERENCE_EFFECT_CAP, TOC_KIND_DOMAIN, "evil.com", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kit kit = {0};
        char json[256];
        snprintf(json, sizeof json,
                "{\"matching_attributes\": [%s], \"list\": [\"evil.com\"], \"type\": \"hostname\"}",
                rows[i].attributes);
        kit_list(&kit, "list", rows[i].effect, json);
        if ((*kit_effect(&kit, rows[i].kind, rows[i].value) != '\0') != rows[i].hit)
            fail_msg("%s and %s", json, rows[i].value);
        kit_done(&kit);
    }
}

static void counts(void **state)
{
    (void)state;
    struct kit kit = {0};
    const char *why;
    struct toc_reference_set *set = kit_list(&kit, "mixed", TOC_REFERENCE_EFFECT_ANNOTATE,
            "{\"type\": \"cidr\", \"list\": [\"45.1.2.3\", \"evil.com\", \"45.1.2.3/8\", \"\", "
            "\"b\xc3\xbc\x63her.de\", \"45.1.2.0/24\"]}");
    assert_int_equal(toc_reference_entries(set), 2);
    assert_int_equal(toc_reference_skipped(set), 4);
    assert_false(toc_reference_unsupported(set, &why));
    set = kit_list(&kit, "regex", TOC_REFERENCE_EFFECT_ANNOTATE,
            "{\"type\": \"regex\", \"list\": [\"/a/i\"]}");
    assert_true(toc_reference_unsupported(set, &why));
    assert_shows(why, "regular expressions");
    assert_int_equal(toc_reference_entries(set), 0);
    kit_done(&kit);
}

// The answer key was computed by another program from the same lists.
static void published_lists(void **state)
{
    (void)state;
    struct kit kit = {0};
    struct dirent **names;
    int n = scandir(DATA, &names, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        char path[600], name[300];
        size_t len = strlen(names[i]->d_name);
        if (len > 5 && strcmp(names[i]->d_name + len - 5, ".json") == 0) {
            snprintf(path, sizeof path, DATA "/%s", names[i]->d_name);
            snprintf(name, sizeof name, "%.*s", (int)len - 5, names[i]->d_name);
            kit_file(&kit, name, TOC_REFERENCE_TYPE_WARNINGLIST, TOC_REFERENCE_EFFECT_ANNOTATE,
                    path);
        }
        free(names[i]);
    }
    free(names);
    assert_int_equal(kit.count, 37);
    struct toc_buf key = unit_read(DATA "/hits.tsv");
    struct toc_slice rest = toc_buf_slice(&key);
    int rows = 0;
    for (; rest.len > 0; rows++) {
        size_t end = toc_slice_find(rest, '\n');
        struct toc_slice line = toc_slice_sub(rest, 0, end);
        rest = toc_slice_sub(rest, end + 1, SIZE_MAX);
        enum toc_kind kind;
        struct toc_reference_verdict v;
        assert_true(toc_kind_parse(kit_field(&line), &kind));
        struct toc_slice value = kit_field(&line);
        toc_reference_judge(kit.sets, kit.count, kind, value, &v);
        char got[600] = "";
        for (size_t i = 0; i < v.hits_count; i++) {
            struct toc_slice name = v.hits[i].use->name;
            // The lists rfc1918 and the like say that too.
            if (!toc_slice_is(name, TOC_REFERENCE_SPECIAL))
                snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s",
                        *got == '\0' ? "" : ",", TOC_SLICE_ARG(name));
        }
        if (!toc_slice_is(line, got))
            fail_msg("%.*s: %s, wanted %.*s", TOC_SLICE_ARG(value), got, TOC_SLICE_ARG(line));
    }
    assert_int_equal(rows, 500);
    toc_buf_done(&key);
    kit_done(&kit);
}

static void hostile(void **state)
{
    (void)state;
    static const struct {
        enum toc_reference_type type;
        const char *text, *shows;
    } rows[] = {
            {TOC_REFERENCE_TYPE_WARNINGLIST, "", "not a JSON object"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "[]", "not a JSON object"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{", "damaged"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{}", "type"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\"}", "no list"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"trie\", \"list\": []}", "type"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": 7, \"list\": []}", "type"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": {}}", "no list"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [1]}", "no string"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [\"a\",]}",
                    "damaged"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [\"a\" \"b\"]}",
                    "does not end"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [\"a\"}",
                    "does not end"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [\"a\"]",
                    "does not end"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [\"a\"]} x",
                    "behind"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [\"\\ud800\"]}",
                    "JSON line"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [\"\xff\"]}",
                    "JSON line"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [], \"list\": []}",
                    "two members"},
            {TOC_REFERENCE_TYPE_WARNINGLIST,
                    "{\"type\": \"string\", \"type\": \"string\", \"list\": []}", "twice"},
            {TOC_REFERENCE_TYPE_WARNINGLIST,
                    "{\"type\": \"string\", \"list\": [], \"matching_attributes\": \"x\"}",
                    "no array"},
            {TOC_REFERENCE_TYPE_WARNINGLIST,
                    "{\"type\": \"string\", \"list\": [], \"version\": nul}", "JSON line"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": []]}",
                    "does not end"},
            {TOC_REFERENCE_TYPE_WARNINGLIST, "{\"type\": \"string\", \"list\": [\"a", "damaged"},
            {TOC_REFERENCE_TYPE_DYNAMIC_DNS, "{\"type\": \"cidr\", \"list\": []}", "host names"},
            {TOC_REFERENCE_TYPE_UNKNOWN, "x", "unknown type"},
            {TOC_REFERENCE_TYPE_PUBLIC_SUFFIXES, "com\nb\xc3\xbc\n", "no ASCII name"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK, "{\"value\": \"a.com\", \"kind\": \"domain\"}",
                    "line 1: it has no match"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK,
                    "\n{\"value\": \"a.com\", \"kind\": \"domain\", \"match\": []}",
                    "line 2: it has no match"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK,
                    "{\"value\": \"a.com\", \"kind\": \"domain\", \"match\": [\"below\"]}",
                    "match is none"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK,
                    "{\"value\": \"A.com\", \"kind\": \"domain\", \"match\": [\"equal\"]}",
                    "no canonical domain"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK,
                    "{\"value\": \"a.com\", \"kind\": \"name\", \"match\": [\"equal\"]}",
                    "no kind"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK,
                    "{\"value\": \"http://a.com/\", \"kind\": \"url\", \"match\": [\"under\"]}",
                    "only as equal"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK, "a.com", "line 1"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK,
                    "{\"value\": \"a.com\", \"kind\": \"domain\", \"match\": [\"equal\"]}\n"
                    "{\"value\": \"a.com\", \"kind\": \"domain\", \"match\": [\"under\"]}",
                    "twice"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK,
                    "{\"value\": \"45.0.0.0/8\", \"kind\": \"cidr\", \"match\": [\"equal\"]}\n"
                    "{\"value\": \"45.0.0.0/8\", \"kind\": \"cidr\", \"match\": [\"under\"]}",
                    "twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct toc_err err = {0};
        struct toc_reference_set *set = NULL;
        if (!toc_failed(compile(rows[i].type, toc_slice_of(rows[i].text), &set, &err)))
            fail_msg("taken: %s", rows[i].text);
        assert_null(set);
        assert_int_equal(
                err.code, rows[i].type == TOC_REFERENCE_TYPE_WARNINGLIST ? err.code : TOC_E_SYNTAX);
        assert_shows(err.text, rows[i].shows);
    }
}

// Every prefix of a good list is refused, and none is read past its end.
static void cut_short(void **state)
{
    (void)state;
    static const char text[] = "{\"list\": [\"a.com\", \"\\u0062.com\"], \"matching_attributes\": "
                               "[\"domain\"], \"type\": \"string\"}";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct toc_err err;
        struct toc_reference_set *set;
        uint8_t *exact = toc_mem_alloc(len, 1);
        memcpy(exact, text, len);
        assert_true(toc_failed(
                compile(TOC_REFERENCE_TYPE_WARNINGLIST, toc_slice(exact, len), &set, &err)));
        toc_mem_free(exact);
    }
}

static void digest_and_size(void **state)
{
    (void)state;
    struct toc_err err;
    struct toc_reference_set *set;
    struct toc_slice bytes = TOC_S("{\"type\": \"string\", \"list\": []}");
    struct toc_reference_use use =
            kit_use("list", TOC_REFERENCE_TYPE_WARNINGLIST, TOC_REFERENCE_EFFECT_CAP, bytes);
    use.digest[31] ^= 1;
    assert_code(toc_reference_compile(&use, bytes, &set, &err), TOC_E_STATE, err);
    use.digest[31] ^= 1;
    assert_code(toc_reference_compile(&use,
                        toc_slice(bytes.ptr, (size_t)TOC_REFERENCE_BYTES_MAX + 1), &set, &err),
            TOC_E_LENGTH, err);
    assert_ok(toc_reference_compile(&use, bytes, &set, &err), err);
    assert_ptr_equal(toc_reference_ref(set), set);
    assert_memory_equal(toc_reference_facts(set)->digest, use.digest, 32);
    toc_reference_unref(set);
    toc_reference_unref(set);
    toc_reference_unref(NULL);
}

// 200,000 entries, deep nesting, one string of a megabyte: bounded work, no deep recursion.
static void large(void **state)
{
    (void)state;
    struct toc_buf text;
    struct toc_err err;
    struct toc_reference_set *set;
    toc_buf_init(&text, (size_t)64 * 1024 * 1024);
    toc_buf_put_text(&text, "{\"type\": \"hostname\", \"list\": [\"first.com\"");
    for (int i = 0; i < 200000; i++)
        toc_buf_printf(&text, ",\"n%d.com\"", i);
    toc_buf_put_text(&text, "]}");
    assert_ok(compile(TOC_REFERENCE_TYPE_WARNINGLIST, toc_buf_slice(&text), &set, &err), err);
    assert_int_equal(toc_reference_entries(set), 200001);
    struct toc_reference_verdict v;
    toc_reference_judge(&set, 1, TOC_KIND_DOMAIN, TOC_S("a.n199999.com"), &v);
    assert_int_equal(v.hits_count, 1);
    assert_slice(v.hits[0].note, "n199999.com");
    toc_reference_unref(set);

    toc_buf_clear(&text);
    toc_buf_put_text(&text, "{\"type\": \"substring\", \"list\": [\"first\"");
    for (int i = 0; i < 20000; i++)
        toc_buf_printf(&text, ",\"same%d\"", i);
    toc_buf_put_text(&text, "]}");
    assert_code(compile(TOC_REFERENCE_TYPE_WARNINGLIST, toc_buf_slice(&text), &set, &err),
            TOC_E_LIMIT, err);

    toc_buf_clear(&text);
    toc_buf_put_text(&text, "{\"list\": [");
    for (int i = 0; i < 1000000; i++)
        toc_buf_put_byte(&text, '[');
    assert_true(
            toc_failed(compile(TOC_REFERENCE_TYPE_WARNINGLIST, toc_buf_slice(&text), &set, &err)));
    for (int i = 0; i < 1000000; i++)
        toc_buf_put_byte(&text, ']');
    toc_buf_put_text(&text, "], \"type\": \"string\"}");
    assert_code(compile(TOC_REFERENCE_TYPE_WARNINGLIST, toc_buf_slice(&text), &set, &err),
            TOC_E_SYNTAX, err);

    toc_buf_clear(&text);
    toc_buf_put_text(&text, "{\"type\": \"string\", \"list\": [\"");
    for (int i = 0; i < 1000000; i++)
        toc_buf_put_byte(&text, 'a');
    toc_buf_put_text(&text, ".com\", \"ok.com\"]}");
    assert_ok(compile(TOC_REFERENCE_TYPE_WARNINGLIST, toc_buf_slice(&text), &set, &err), err);
    assert_int_equal(toc_reference_entries(set), 1);
    assert_int_equal(toc_reference_skipped(set), 1);
    toc_reference_unref(set);
    toc_buf_done(&text);
}

// Notes go to readers: safe text of at most 256 bytes, cut between characters.
static void notes(void **state)
{
    (void)state;
    struct toc_buf line;
    struct kit kit = {0};
    struct toc_reference_verdict v;
    toc_buf_init(&line, 4096);
    toc_buf_put_text(&line, "{\"value\": \"a.com\", \"kind\": \"domain\", \"match\": [\"equal\"], "
                            "\"why\": \"\\u202e\\n");
    for (int i = 0; i < 300; i++)
        toc_buf_put_text(&line, "\xc3\xa4");
    toc_buf_put_text(&line, "\"}");
    kit_add(&kit, "never", TOC_REFERENCE_TYPE_NEVER_BLOCK, TOC_REFERENCE_EFFECT_NEVER_BLOCK,
            toc_buf_slice(&line));
    kit_judge(&kit, TOC_KIND_DOMAIN, "a.com", &v);
    assert_int_equal(v.hits_count, 1);
    assert_true(v.hits[0].note.len <= 256 && v.hits[0].note.len > 250);
    assert_true(toc_text_is_safe(v.hits[0].note));
    kit_done(&kit);
    toc_buf_done(&line);
}

// Whichever allocation fails: the error says so and nothing leaks.
static void without_memory(void **state)
{
    (void)state;
    static const struct {
        enum toc_reference_type type;
        const char *text;
    } rows[] = {
            {TOC_REFERENCE_TYPE_WARNINGLIST,
                    "{\"list\": [\"a.com\", \"45.0.0.0/8\", \"::1\"], \"type\": \"string\"}"},
            {TOC_REFERENCE_TYPE_WARNINGLIST,
                    "{\"list\": [\"a\", \"bcdef\"], \"type\": \"substring\"}"},
            {TOC_REFERENCE_TYPE_PUBLIC_SUFFIXES, "com\na.b.com\n"},
            {TOC_REFERENCE_TYPE_NEVER_BLOCK,
                    "{\"value\": \"x.a.com\", \"kind\": \"domain\", \"match\": [\"equal\", "
                    "\"over\"], \"why\": \"w\"}\n"
                    "{\"value\": \"45.0.0.0/8\", \"kind\": \"cidr\", \"match\": [\"over\"]}\n"
                    "{\"value\": \"2a00::/16\", \"kind\": \"cidr\", \"match\": [\"over\"]}\n"},
    };
    static const struct toc_slice own[] = {TOC_S_INIT("hospital.org"), TOC_S_INIT("45.61.7.0/24")};
    struct toc_err err;
    struct toc_reference_set *set;
    for (size_t i = 0; i <= sizeof rows / sizeof *rows; i++) {
        bool failed = true;
        uint64_t at = 1;
        for (; failed; at++) {
            toc_mem_fail_at(at);
            toc_rc rc = i == sizeof rows / sizeof *rows
                                ? toc_reference_own_names(own, 2, &set, &err)
                                : compile(rows[i].type, toc_slice_of(rows[i].text), &set, &err);
            toc_mem_fail_at(0);
            failed = toc_failed(rc);
            if (!failed)
                toc_reference_unref(set);
            else if (err.code != TOC_E_MEMORY && err.code != TOC_E_LIMIT)
                fail_msg("allocation %d of row %d: %s", (int)at, (int)i, err.text);
        }
        assert_true(at > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(types),
            cmocka_unit_test(matching_attributes),
            cmocka_unit_test(counts),
            cmocka_unit_test(published_lists),
            cmocka_unit_test(hostile),
            cmocka_unit_test(cut_short),
            cmocka_unit_test(digest_and_size),
            cmocka_unit_test(large),
            cmocka_unit_test(notes),
            cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
