#include "tests/support/unit.h"

#include "lib/base/mem.h"
#include "tests/unit/producers/reading.h"

struct text_case {
    const char *name, *format; // as detection must find it
    const char *in, *out;
};

static const struct text_case cases[] = {
        {"list", "list",
                "# comment\n; another\n// and another\n\n192.0.2.1\n  evil.example.com  \r\n"
                "198.51.100.0/24 ; SBL123\nbad.example.org # seen "
                "today\nhttps://x.example.net/a#frag\n",
                "5 ? 192.0.2.1\n6 ? evil.example.com\n7 ? 198.51.100.0/24\n8 ? bad.example.org\n"
                "9 ? https://x.example.net/a#frag\n"},
        {"list: two words on a line", "list",
                "0.0.0.0 evil.example.com\n1.2.3.4\t10\nok.example.com",
                "1 - read.values\n2 - read.values\n3 ? ok.example.com\n"},
        {"list: our own output", "list",
                "1.2.3.4\n# Tocsin output: block list of 2026-01-01\n5.6.7.8\n9.9.9.9\n",
                "1 ? 1.2.3.4\n3 - read.echo\n4 - read.echo\n"},
        {"list: our own zone", "list",
                "; Tocsin output: RPZ\nevil.example.com CNAME .\nbad.example.com\n",
                "2 - read.values\n3 - read.echo\n"},
        {"list: byte order mark", "list",
                "\xef\xbb\xbf"
                "evil.example.com\n",
                "1 ? evil.example.com\n"},
        {"empty", "list", "", ""},
        {"csv", "csv",
                "value,type,confidence,tags,first_seen,last_seen,action,severity,count,valid_until,"
                "notes\n"
                "evil.example.com,domain,90,\"Cobalt Strike, "
                "c2\",2026-01-01,2026-01-02T03:04:05Z,sight,high,7,"
                "2026-03-01,\"He said \"\"no\"\"\"\n"
                "1.2.3.4,ip,,,,,,,,,\n",
                "2 domain evil.example.com sight c=90 high n=7 first=2026-01-01T00:00:00Z "
                "last=2026-01-02T03:04:05Z"
                " until=2026-03-01T00:00:00Z #cobalt-strike #c2 \"He said \"no\"\"\n"
                "3 address 1.2.3.4\n"},
        {"csv: semicolons, spaces, capitals", "csv",
                "Indicator Type; Indicator ;Confidence\nipv4-addr; 1.2.3.4 ; "
                "5\nHostname;\"evil.example.com\";6\n",
                "2 ipv4 1.2.3.4 c=5\n3 domain evil.example.com c=6\n"},
        {"csv: tabs", "csv", "ioc\tmalware\n1.2.3.4\tEmotet\n", "2 ? 1.2.3.4 #malware:emotet\n"},
        {"csv: header in the last comment", "csv",
                "################\n# ThreatFox IOCs: recent #\n#\n"
                "# "
                "\"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"malware_printable\","
                "\"confidence_level\",\"reference\"\n"
                "\"2026-08-20 10:00:00\", \"1\", \"1.2.3.4:443\", \"ip:port\", \"Cobalt Strike\", "
                "\"75\", \"None\"\n"
                "\"2026-08-20 10:00:00\", \"2\", \"evil.example.com\", \"domain\", \"\", \"100\", "
                "\"https://example.org/r\"\n"
                "# Number of entries: 2\n",
                "5 endpoint 1.2.3.4:443 c=75 first=2026-08-20T10:00:00Z #malware:cobalt-strike\n"
                "6 domain evil.example.com c=100 first=2026-08-20T10:00:00Z "
                "<https://example.org/r>\n"},
        {"csv: Zeek", "csv",
                "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n"
                "1.2.3.4\tIntel::ADDR\tX\t-\nevil.example.com\tIntel::DOMAIN\tX\tsays \"so\n",
                "2 6 1.2.3.4\n3 domain evil.example.com \"says \"so\"\n"},
        {"csv: quotes over lines", "csv", "value,notes\n1.2.3.4,\"one\ntwo\nthree\"\n5.6.7.8,x\n",
                "2 ? 1.2.3.4 \"one\ntwo\nthree\"\n5 ? 5.6.7.8 \"x\"\n"},
        {"csv: a quote that never ends costs its line", "csv",
                "value,notes\n1.2.3.4,\"open\n5.6.7.8,x\n9.9.9.9,y\n",
                "2 - read.quote\n3 ? 5.6.7.8 \"x\"\n4 ? 9.9.9.9 \"y\"\n"},
        {"csv: text behind a quote", "csv", "value,notes\n\"1.2.3.4\"x,y\n5.6.7.8,z\n",
                "2 - read.quote\n3 ? 5.6.7.8 \"z\"\n"},
        {"csv: hashes of one file", "csv", "sha256,md5,size\naaaa,bbbb,1\ncccc,N/A,2\n",
                "2 sha256 aaaa same-file-as:bbbb\n2 md5 bbbb same-file-as:aaaa\n3 sha256 cccc\n"},
        {"csv: hashes of one file in a cell", "csv", "value,type\n\"aa,bb;cc\",file\n",
                "2 hash aa same-file-as:bb same-file-as:cc\n2 hash bb same-file-as:aa "
                "same-file-as:cc\n"
                "2 hash cc same-file-as:aa same-file-as:bb\n"},
        {"csv: joined values", "csv",
                "type,value\nfilename|sha256,a.exe|aaaa\nip-dst|port,1.2.3.4|443\n",
                "2 sha256 aaaa\n3 endpoint 1.2.3.4:443\n"},
        {"csv: where there is a general column, a link is a link", "csv",
                "value,type,url\n1.2.3.4,ip,https://report.example.org\n", "2 address 1.2.3.4\n"},
        {"csv: what a row refuses", "csv",
                "value,type,confidence,last_seen,action,severity,tags\n"
                "x,mutex,,,,,\n,ip,,,,,\n1.2.3.4,ip,101,,,,\n1.2.3.4,ip,,26/11/"
                "2015,,,\n1.2.3.4,ip,,,purge,,\n"
                "1.2.3.4,ip,,,,huge,\n1.2.3.4,ip,,,,,t\xc3\xbc\n1.2.3.4,ip,,,,,tocsin:hub\n",
                "2:2 - canon.kind\n3 - canon.empty\n4:3 - read.number\n5:4 - read.time\n6:5 - "
                "read.action\n"
                "7:6 - read.enum\n8:7 - read.tag\n9:7 - read.echo\n"},
        {"csv: our own output", "csv", "# Tocsin output: csv\nvalue,kind\n1.2.3.4,ipv4\n",
                "3 - read.echo\n"},
        {"jsonl", "jsonl",
                "{\"kind\":\"domain\",\"value\":\"evil.example.com\",\"confidence\":5,\"tags\":["
                "\"c2\"]}\n\n"
                "{\"value\":\"1.2.3.4\",\"action\":\"hit\",\"count\":3}\n",
                "1 domain evil.example.com c=5 #c2\n3 ? 1.2.3.4 hit n=3\n"},
        {"jsonl: what a line refuses", "jsonl",
                "{\"value\":\"a\",\"valeu\":\"b\"}\n{\"value\":\"a\"\n[]\n{\"value\":\"a\","
                "\"confidence\":101}\n"
                "{\"value\":\"a\",\"action\":\"purge\"}\n{\"value\":\"a\",\"tags\":[\"A b\"]}\n"
                "{\"value\":\"a\",\"tags\":[\"tocsin:x\"]}\n{\"id\":\"00\",\"value\":\"a\","
                "\"born\":1,\"n\":1}\n"
                "{\"value\":\"a\",\"value\":\"b\"}\n",
                "1 - read.field\n2 - read.json\n3 - read.json\n4 - read.number\n5 - read.action\n6 "
                "- read.tag\n"
                "7 - read.echo\n8 - read.echo\n9 - read.json\n"},
        {"stix: a bundle", "stix",
                "{\"type\":\"bundle\",\"id\":\"bundle--1\",\n \"objects\": [\n  "
                "{\"type\":\"indicator\",\"spec_version\":\"2.1\","
                "\"id\":\"indicator--a740531e-63ff-4e49-a9e1-a0a3eed0e3e7\",\"created\":\"2026-01-"
                "01T00:00:00.000Z\","
                "\"modified\":\"2026-01-01T00:00:00.000Z\",\"pattern_type\":\"stix\",\"valid_"
                "from\":\"2026-01-01T00:00:00Z\","
                "\"pattern\":\"[domain-name:value = 'evil.example.com']\"},\n  "
                "{\"type\":\"nonsense\",\"id\":\"nonsense--1\"}\n ]}\n",
                "3 domain evil.example.com clear first=2026-01-01T00:00:00Z "
                "last=2026-01-01T00:00:00Z\n4 - stix.type\n"},
};

static void test_texts(void **state)
{
    (void)state;
    UNIT_EACH(const struct text_case, c, cases)
    {
        struct reading r;
        struct toc_slice in = toc_slice_of(c->in);
        const struct toc_reader_row *row = toc_reader_detect(in);
        reading_init(&r);
        print_message("%s\n", c->name);
        assert_non_null(row);
        assert_string_equal(row->name, c->format);
        reading_read(row, in, &r);
        assert_slice(toc_buf_slice(&r.text), c->out);
        toc_buf_done(&r.text);
    }
}

// A table whose columns nobody can name is refused line by line, in csv; as a list each line is refused
// for its blanks or its form.
static void test_no_header(void **state)
{
    (void)state;
    struct reading r;
    reading_init(&r);
    reading_read(toc_reader_by_name("csv"), TOC_S("1.2.3.4,malware\n5.6.7.8,scan\n"), &r);
    assert_slice(toc_buf_slice(&r.text), "1 - read.column\n2 - read.column\n");
    toc_buf_clear(&r.text);
    reading_read(toc_reader_by_name("csv"), TOC_S("1.2.3.4\n5.6.7.8\n"), &r);
    assert_slice(toc_buf_slice(&r.text), "1 ? 1.2.3.4\n2 ? 5.6.7.8\n");
    toc_buf_done(&r.text);
}

// Feeds as published: format, statements, refusals by the reader itself.
static void test_feeds(void **state)
{
    (void)state;
    static const struct {
        const char *file, *format;
        size_t found, refused;
    } feeds[] = {
            {"akira.txt", "list", 9, 0},
            {"rhysida.txt", "list", 114, 0},
            {"ipsum-8.txt", "list", 23, 0},
            {"maltrail-odd.txt", "list", 49, 0},
            {"gru-aa25.intel", "csv", 125, 0},
            {"talos.intel", "csv", 0, 0},
            {"zeek-wrong-typed.intel", "csv", 3, 0},
            {"volexity-disgomoji.csv", "csv", 243, 0},
            {"volexity-evilbamboo.csv", "csv", 21, 0},
            {"unit42-oilrig.csv", "csv", 100, 8},
            {"unit42-samsa.csv", "csv", 68, 0},
            {"unit42-azorult.json", "stix", 20, 0},
    };
    for (size_t i = 0; i < sizeof feeds / sizeof *feeds; i++) {
        char path[TOC_PATH_BYTES_MAX];
        struct reading r;
        snprintf(path, sizeof path, "tests/data/feeds/%s", feeds[i].file);
        struct toc_buf text = unit_read(path);
        const struct toc_reader_row *row =
                toc_reader_detect(toc_slice_sub(toc_buf_slice(&text), 0, TOC_READER_HEAD_BYTES));
        reading_init(&r);
        print_message("%s\n", feeds[i].file);
        assert_non_null(row);
        assert_string_equal(row->name, feeds[i].format);
        reading_read(row, toc_buf_slice(&text), &r);
        assert_int_equal(r.found, feeds[i].found);
        assert_int_equal(r.refused, feeds[i].refused);
        toc_buf_done(&r.text);
        toc_buf_done(&text);
    }
}

static void test_no_text(void **state)
{
    (void)state;
    assert_null(toc_reader_detect(toc_slice("PK\3\4\0\0", 6)));
    assert_null(toc_reader_detect(toc_slice("e\0v\0i\0l\0", 8)));
    assert_null(toc_reader_by_name("xml"));
    assert_non_null(toc_reader_by_name("list"));
}

// A line above the limit is refused and the next one read.
static void test_long_line(void **state)
{
    (void)state;
    size_t len = TOC_LINE_BYTES_MAX + 1;
    char *text = malloc(len + 9);
    struct reading r;
    assert_non_null(text);
    memset(text, 'a', len);
    memcpy(text + len, "\n1.2.3.4\n", 9);
    reading_init(&r);
    reading_read(toc_reader_by_name("list"), toc_slice(text, len + 9), &r);
    assert_slice(toc_buf_slice(&r.text), "1 - read.line.long\n2 ? 1.2.3.4\n");
    toc_buf_done(&r.text);
    free(text);
}

// An open quote in front of more lines than a record may have: its line is lost and none swallowed,
// though a quote far below could be taken for its end.
static void test_open_quotes(void **state)
{
    (void)state;
    struct toc_buf text, want;
    struct reading r;
    toc_buf_init(&text, READING_BYTES_MAX);
    toc_buf_init(&want, READING_BYTES_MAX);
    reading_init(&r);
    toc_buf_put_text(&text, "value,notes\n8.8.8.8,\"open\n");
    toc_buf_put_text(&want, "2 - read.quote\n");
    for (int i = 0; i < 150; i++) {
        toc_buf_printf(&text, "8.8.4.%d,x\n", i);
        toc_buf_printf(&want, "%d ? 8.8.4.%d \"x\"\n", i + 3, i);
    }
    toc_buf_put_text(&text, "9.9.9.9,\"y\"\n");
    toc_buf_put_text(&want, "153 ? 9.9.9.9 \"y\"\n");
    reading_read(toc_reader_by_name("csv"), toc_buf_slice(&text), &r);
    assert_slices_equal(toc_buf_slice(&r.text), toc_buf_slice(&want));
    toc_buf_clear(&text);
    toc_buf_clear(&r.text);
    toc_buf_put_text(&text, "value,notes\n1.2.3.4,\"");
    for (int i = 0; i < 70000; i++)
        toc_buf_put_byte(&text, 'x');
    toc_buf_put_text(&text, "\n5.6.7.8,y\n");
    reading_read(toc_reader_by_name("csv"), toc_buf_slice(&text), &r);
    assert_slice(toc_buf_slice(&r.text), "2 - read.quote\n3 ? 5.6.7.8 \"y\"\n");
    toc_buf_done(&text);
    toc_buf_done(&want);
    toc_buf_done(&r.text);
}

// The continuation of an input: line numbers and the header go on, and so does our own mark.
static void test_pieces(void **state)
{
    (void)state;
    static const char *const pieces[] = {"value,confidence\n1.2.3.4,1\n", "5.6.7.8,2\n",
            "# Tocsin output\n9.9.9.9,3\n", "8.8.8.8,4\n"};
    struct reading r;
    struct toc_reader_options options = reading_options();
    struct toc_reader *reader = NULL;
    struct toc_err err = {0};
    reading_init(&r);
    struct toc_reader_sink sink = reading_sink(&r);
    assert_ok(toc_reader_open(toc_reader_by_name("csv"), &options, &reader, &err), err);
    for (size_t i = 0; i < 4; i++) {
        FILE *stream = reading_stream(toc_slice_of(pieces[i]));
        assert_ok(toc_reader_read(reader, stream, &sink, &err), err);
        fclose(stream);
    }
    assert_slice(toc_buf_slice(&r.text),
            "2 ? 1.2.3.4 c=1\n3 ? 5.6.7.8 c=2\n5 - read.echo\n6 - read.echo\n");
    toc_reader_close(reader);
    toc_buf_done(&r.text);
}

// The sink may end a read at any statement.
static void test_stop(void **state)
{
    (void)state;
    UNIT_EACH(const struct text_case, c, cases)
    {
        struct reading r;
        reading_init(&r);
        r.stop_after = 1;
        reading_read(toc_reader_by_name(c->format), toc_slice_of(c->in), &r);
        assert_int_equal(r.found + r.refused, c->out[0] == '\0' ? 0 : 1);
        toc_buf_done(&r.text);
    }
}

// What does not fit into memory says so; nothing leaks (the sanitizer looks).
static void test_memory(void **state)
{
    (void)state;
    struct toc_reader_options options = reading_options();
    for (const struct toc_reader_row *row = toc_readers; row->name != NULL; row++) {
        struct toc_reader *reader = NULL;
        struct toc_err err = {0};
        toc_mem_fail_at(1);
        assert_code(toc_reader_open(row, &options, &reader, &err), TOC_E_MEMORY, err);
        toc_mem_fail_at(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_texts),
            cmocka_unit_test(test_no_header),
            cmocka_unit_test(test_feeds),
            cmocka_unit_test(test_no_text),
            cmocka_unit_test(test_long_line),
            cmocka_unit_test(test_open_quotes),
            cmocka_unit_test(test_pieces),
            cmocka_unit_test(test_stop),
            cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
