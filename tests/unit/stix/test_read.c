// What each type of object becomes.
#include "tests/unit/stix/reading.h"

#define MARKED(id) ",\"object_marking_refs\":[\"marking-definition--" id "\"]"

#define WHITE1 "613f2e26-407d-48c7-9eca-b8e91df99dc9"
#define GREEN1 "34098fce-860f-48ae-8e50-ebd3cc5e41da"
#define AMBER1 "f88d31f6-486f-44da-b317-01333bde0b82"
#define RED1 "5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
#define CLEAR2 "94868c89-83c2-464b-929b-a1a8aa3c8487"
#define GREEN2 "bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
#define AMBER2 "55d920b0-5e8b-4f79-9ee9-91f868d9b421"
#define STRICT2 "939a9414-2ddd-4d32-a0cd-375ea402b003"
#define RED2 "e828b379-4e03-4974-9ac4-e53a884c97c1"
#define STRICT_OPENCTI "826578e1-40ad-459f-bc73-ede076f81f37"

static void reads_with(
        const char *objects, const char *want, const struct toc_stix_options *options)
{
    struct toc_buf text;
    struct toc_err err = {0};
    struct reading r;
    json_t *array = NULL;
    toc_buf_init(&text, 1 << 20);
    toc_buf_printf(&text, "[%s]", objects);
    assert_ok(toc_json_parse(toc_buf_slice(&text), &array, &err), err);
    reading_init(&r, false);
    reading_of(&r, array, options);
    if (!toc_slice_is(toc_buf_slice(&r.lines), want))
        print_error("%s\n", objects);
    assert_slice(toc_buf_slice(&r.lines), want);
    reading_done(&r);
    json_decref(array);
    toc_buf_done(&text);
}

static void reads(const char *objects, const char *want)
{
    reads_with(objects, want, &reading_green);
}

static void indicators(void **state)
{
    (void)state;
    reads(INDICATOR(1, "[domain-name:value = 'Evil.COM']", ""), "assert domain evil.com green\n");
    reads(INDICATOR(1, "[domain-name:value = 'evil.com' OR ipv4-addr:value = '45.9.148.3']",
                  ",\"confidence\":85,\"indicator_types\":[\"malicious-activity\"],\"labels\":["
                  "\"Bank Fraud!\"],"
                  "\"kill_chain_phases\":[{\"kill_chain_name\":\"x\",\"phase_name\":\"delivery\"}"
                  "]"),
            "assert ipv4 45.9.148.3 green confidence=85 #bank-fraud #malicious-activity "
            "#phase:delivery\n"
            "assert domain evil.com green confidence=85 #bank-fraud #malicious-activity "
            "#phase:delivery\n");
    reads(INDICATOR(1, "[domain-name:value = 'evil.com']", ",\"revoked\":true"),
            "withdraw domain evil.com green\n");
    reads(INDICATOR(1, "[domain-name:value = 'evil.com']", ",\"indicator_types\":[\"benign\"]"),
            "! stix.benign indicator\n");
    reads(INDICATOR(1, "[file:name = 'x']", ""), "! stix.pattern.unsupported pattern at byte 16\n");
    reads(INDICATOR(1, "[domain-name:value = 'evil.com'", ""),
            "! stix.pattern pattern at byte 31\n");
    // One bad value does not take the others with it.
    reads(INDICATOR(
                  1, "[domain-name:value = 'evil.com' OR domain-name:value = 'printer.local']", ""),
            "assert domain evil.com green\n! canon.domain.tld domain\n");
    // STIX 2.0: no spec_version, no pattern_type.
    reads("{\"type\":\"indicator\",\"id\":\"indicator" U(
                  1) "\",\"created\":\"2019-01-01T00:00:00Z\","
                     "\"modified\":\"2019-01-01T00:00:00Z\",\"valid_from\":\"2019-01-01T00:00:"
                     "00Z\",\"labels\":[\"malicious-activity\"],"
                     "\"pattern\":\"[url:value = 'http://evil.com']\"}",
            "assert url http://evil.com/ green #malicious-activity\n");
}

static void properties_are_checked(void **state)
{
    (void)state;
#define BAD(rest)                                                                                  \
    "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"pattern\":\"[url:value='http://evil.com/"  \
    "']\"" rest "}"
#define ID ",\"id\":\"indicator" U(1) "\""
#define TIMES ",\"created\":\"2026-01-01T00:00:00Z\",\"modified\":\"2026-01-01T00:00:00Z\""
#define FROM ",\"pattern_type\":\"stix\",\"valid_from\":\"2026-01-01T00:00:00Z\""
    static const struct {
        const char *object, *want;
    } rows[] = {
            {BAD(ID TIMES FROM), "assert url http://evil.com/ green\n"},
            {BAD(TIMES FROM), "! stix.property id\n"},
            {BAD(",\"id\":\"indicator--1\"" TIMES FROM), "! stix.property id\n"},
            {BAD(",\"id\":\"malware" U(1) "\"" TIMES FROM), "! stix.property id\n"},
            {BAD(",\"id\":\"indicator--0000000G-0000-4000-8000-000000000001\"" TIMES FROM),
                    "! stix.property id\n"},
            {BAD(ID FROM), "! stix.property created\n"},
            {BAD(ID ",\"created\":\"2026-01-01\",\"modified\":\"2026-01-01T00:00:00Z\"" FROM),
                    "! stix.property created\n"},
            {BAD(ID ",\"created\":\"2026-01-01T00:00:00+01:00\",\"modified\":\"2026-01-01T00:00:"
                    "00Z\"" FROM),
                    "! stix.property created\n"},
            {BAD(ID ",\"created\":\"2026-01-02T00:00:00Z\",\"modified\":\"2026-01-01T00:00:"
                    "00Z\"" FROM),
                    "! stix.property modified\n"},
            {BAD(ID TIMES ",\"pattern_type\":\"stix\""), "! stix.property valid_from\n"},
            {BAD(ID TIMES ",\"valid_from\":\"2026-01-01T00:00:00Z\""),
                    "! stix.property pattern_type\n"},
            {BAD(ID TIMES FROM ",\"valid_until\":\"2026-01-01T00:00:00Z\""),
                    "! stix.property valid_until\n"},
            {BAD(ID TIMES FROM ",\"confidence\":101"), "! stix.property confidence\n"},
            {BAD(ID TIMES FROM ",\"confidence\":\"high\""), "! stix.property confidence\n"},
            {SDO("indicator", 1, FROM), "! stix.property pattern\n"},
            {SDO("indicator", 1, FROM ",\"revoked\":true"), "! stix.revoked.unknown pattern\n"},
            {SDO("indicator", 1,
                     ",\"pattern\":\"alert "
                     "tcp\",\"pattern_type\":\"snort\",\"valid_from\":\"2026-01-01T00:00:00Z\""),
                    "! stix.pattern.unsupported pattern_type snort\n"},
            {"{\"id\":\"indicator" U(1) "\"}", "! stix.property type\n"},
            {"17", "! stix.property type\n"},
            {SCO("ipv4-addr", 1, ",\"value\":4"), "! stix.property value\n"},
            {SCO("ipv4-addr", 1, ""), "! stix.property value\n"},
            {SCO("file", 1, ",\"hashes\":[]"), "! stix.property hashes\n"},
            {SCO("file", 1, ",\"hashes\":{\"MD5\":1}"), "! stix.property hashes\n"},
            {SCO("file", 1, ",\"name\":\"x.exe\""), "! stix.type no value in file\n"},
            {SCO("file", 1, ",\"hashes\":{\"MD5\":\"d41d\"}"), "! canon.hash md5\n"},
            {SCO("mutex", 1, ",\"name\":\"x\""), "! stix.type mutex\n"},
            {"{\"type\":\"x-bad\\u202etype\"}", "! stix.type x-badtype\n"},
    };
    UNIT_EACH(const __typeof__(*rows), row, rows)
    {
        reads(row->object, row->want);
    }
}

static toc_rc keep(
        void *ctx, const struct toc_observation *obs, enum toc_marking m, struct toc_err *e)
{
    (void)m;
    (void)e;
    *(struct toc_observation *)ctx = *obs;
    return TOC_OK;
}

static void times(void **state)
{
    (void)state;
    // first seen: valid_from; last seen: the later of it and modified.
    static const char object[] = INDICATOR(
            1, "[domain-name:value='evil.com']", ",\"valid_until\":\"2027-01-01T00:00:00Z\"");
    struct toc_stix_reader *reader = toc_stix_reader_new(&reading_green);
    struct toc_arena arena;
    struct toc_err err = {0};
    struct reading r;
    json_t *json = NULL;
    assert_ok(toc_json_parse(toc_slice_of(object), &json, &err), err);
    reading_init(&r, false);
    toc_arena_init(&arena, 1 << 20);
    struct toc_observation seen;
    toc_observation_init(&seen);
    const struct toc_stix_sink sink = {&seen, keep, reading_refuse};
    assert_ok(toc_stix_read(reader, json, &arena, &sink, &err), err);
    assert_int_equal(seen.first_seen, INT64_C(1767225600000));
    assert_int_equal(seen.last_seen, INT64_C(1767312000000));
    assert_int_equal(seen.valid_until, INT64_C(1798761600000));
    assert_slice(seen.origin, "indicator--00000000-0000-4000-8000-000000000001");
    json_decref(json);
    toc_stix_reader_free(reader);
    toc_arena_done(&arena);
    reading_done(&r);
}

static void observables(void **state)
{
    (void)state;
    reads(SCO("domain-name", 1, ",\"value\":\"evil.com\""), "assert domain evil.com green\n");
    reads(SCO("ipv4-addr", 1, ",\"value\":\"45.9.148.3/32\""), "assert ipv4 45.9.148.3 green\n");
    reads(SCO("ipv4-addr", 1, ",\"value\":\"45.9.148.0/24\""), "assert cidr 45.9.148.0/24 green\n");
    reads(SCO("ipv6-addr", 1, ",\"value\":\"2A01:04F8:0000::0001\""),
            "assert ipv6 2a01:4f8::1 green\n");
    reads(SCO("url", 1, ",\"value\":\"https://u:p@evil.com/x#y\""),
            "assert url https://evil.com/x green\n");
    reads(SCO("email-addr", 1, ",\"value\":\"x@evil.com\""), "assert email x@evil.com green\n");
    reads(SCO("file", 1,
                  ",\"hashes\":{\"MD5\":\"D41D8CD98F00B204E9800998ECF8427E\",\"SSDEEP\":\"3:x\","
                  "\"SHA-1\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"}"),
            "assert md5 d41d8cd98f00b204e9800998ecf8427e green "
            "same-file-as=da39a3ee5e6b4b0d3255bfef95601890afd80709\n"
            "assert sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709 green "
            "same-file-as=d41d8cd98f00b204e9800998ecf8427e\n");
    // An address a name resolves to accuses nobody by itself.
    reads(SCO("domain-name", 1,
                  ",\"value\":\"evil.com\",\"resolves_to_refs\":[\"ipv4-addr" U(
                          2) "\"]") "," SCO("ipv4-addr", 2, ",\"value\":\"45.9.148.3\""),
            "assert domain evil.com green resolves-to=45.9.148.3\n");
    reads(SCO("ipv4-addr", 2, ",\"value\":\"45.9.148.3\"") "," SCO(
                  "domain-name", 1, ",\"value\":\"evil.com\"") "," RELATION(3, "domain-name" U(1),
                  "resolves-to", "ipv4-addr" U(2)),
            "assert domain evil.com green resolves-to=45.9.148.3\n");
    // One end of traffic or mail may be the victim's.
    reads(SCO("ipv4-addr", 1, ",\"value\":\"45.9.148.3\"") "," SCO(
                  "network-traffic", 2, ",\"src_ref\":\"ipv4-addr" U(1) "\""),
            "! stix.role ipv4-addr\n! stix.type network-traffic\n");
    reads(SCO("email-message", 2, ",\"to_refs\":[\"email-addr" U(1) "\"]") "," SCO(
                  "email-addr", 1, ",\"value\":\"victim@clinic.org\""),
            "! stix.type email-message\n! stix.role email-addr\n");
}

static void seen_not_accused(void **state)
{
    (void)state;
#define OBSERVED(rest)                                                                             \
    SDO("observed-data", 9,                                                                        \
            ",\"first_observed\":\"2026-01-01T00:00:00Z\",\"last_observed\":\"2026-01-02T00:00:"   \
            "00Z\"" rest)
    reads(OBSERVED(",\"number_observed\":3,\"object_refs\":[\"domain-name" U(1) "\",\"file" U(
                  2) "\"]") "," SCO("domain-name", 1, ",\"value\":\"evil.com\"") "," SCO("file", 2,
                  ",\"hashes\":{\"MD5\":\"d41d8cd98f00b204e9800998ecf8427e\"}"),
            "sight domain evil.com green count=3\nsight md5 d41d8cd98f00b204e9800998ecf8427e green "
            "count=3\n");
    reads(OBSERVED(",\"number_observed\":3,\"object_refs\":[\"domain-name" U(1) "\"]"),
            "! stix.reference object_refs\n");
    reads(OBSERVED(",\"object_refs\":[\"domain-name" U(1) "\"]"),
            "! stix.property number_observed\n");
    reads(OBSERVED(",\"number_observed\":1"), "! stix.property object_refs\n");
    reads(SDO("observed-data", 9, ",\"number_observed\":1,\"objects\":{}"),
            "! stix.property first_observed\n");
    // STIX 2.0
    reads(OBSERVED(",\"number_observed\":1,\"objects\":{"
                   "\"0\":{\"type\":\"ipv4-addr\",\"value\":\"45.9.148.3\"},\"1\":{\"type\":"
                   "\"url\",\"value\":\"http://evil.com/\"},"
                   "\"2\":{\"type\":\"network-traffic\",\"dst_ref\":\"0\"},\"3\":{\"value\":1}}"),
            "! stix.role objects: ipv4-addr\nsight url http://evil.com/ green\n"
            "! stix.type no value in network-traffic\n! stix.property objects: type\n");
    // Sightings
#define SIGHTING(n, of, rest) SDO("sighting", n, ",\"sighting_of_ref\":\"" of "\"" rest)
    reads(SIGHTING(5, "indicator" U(1),
                  ",\"count\":12,\"first_seen\":\"2026-01-01T00:00:00Z\"") "," INDICATOR(1,
                  "[domain-name:value = 'evil.com']", ""),
            "sight domain evil.com green count=12\nassert domain evil.com green\n");
    reads(SIGHTING(5, "indicator" U(1), ""), "! stix.reference sighting_of_ref\n");
    reads(SIGHTING(5, "malware" U(1), "") "," SDO("malware", 1, ",\"name\":\"x\""),
            "! stix.reference sighting_of_ref\n");
    reads(SIGHTING(5, "indicator" U(1), ",\"count\":0"), "! stix.property count\n");
    reads(SIGHTING(5, "indicator" U(1),
                  ",\"first_seen\":\"2026-01-02T00:00:00Z\",\"last_seen\":\"2026-01-01T00:00:"
                  "00Z\""),
            "! stix.property last_seen\n");
}

static void vulnerabilities(void **state)
{
    (void)state;
    reads(SDO("vulnerability", 1,
                  ",\"name\":\"Log4Shell\",\"external_references\":[{\"source_name\":\"cve\","
                  "\"external_id\":\"cve-2021-44228\"}]"),
            "assert cve CVE-2021-44228 green ref=cve|cve-2021-44228|\n");
    reads(SDO("vulnerability", 1, ",\"name\":\"CVE-2021-44228\",\"revoked\":true"),
            "withdraw cve CVE-2021-44228 green\n");
    reads(SDO("vulnerability", 1, ",\"name\":\"Log4Shell\""),
            "! stix.property external_references: no CVE\n");
}

static void names_become_tags(void **state)
{
    (void)state;
    reads(INDICATOR(1, "[domain-name:value = 'evil.com']", "") "," SDO(
                  "malware", 2, ",\"name\":\"Poison Ivy (v2)\"") "," SDO("attack-pattern", 3,
                  ",\"name\":\"Phishing\",\"external_references\":[{\"source_name\":\"mitre-"
                  "attack\",\"external_id\":\"T1566.001\"}]") "," SDO("intrusion-set", 4,
                  ",\"name\":\"APT-28 \\u00e9\"") "," SDO("vulnerability", 5,
                  ",\"name\":\"CVE-2021-1\"") "," SDO("tool", 6,
                  ",\"name\":\"\\u00e9\"") "," RELATION(1, "indicator" U(1), "indicates",
                  "malware" U(2)) "," RELATION(2, "indicator" U(1), "indicates",
                  "attack-pattern" U(3)) "," RELATION(3, "indicator" U(1), "indicates",
                  "intrusion-set" U(4)) "," RELATION(4, "indicator" U(1), "indicates",
                  "vulnerability" U(5)) "," RELATION(5, "indicator" U(1), "indicates",
                  "tool" U(6)) "," RELATION(6, "indicator" U(1), "related-to", "malware" U(7)),
            "assert domain evil.com green #malware:poison-ivy-v2 #technique:t1566.001 "
            "#actor:apt-28 #vulnerability:cve-2021-1\n"
            "! canon.cve cve\n");
    // Backward: the malware talks to the address, and its samples are files.
    reads(SCO("ipv4-addr", 1, ",\"value\":\"45.9.148.3\"") "," SCO("file", 3,
                  ",\"hashes\":{\"MD5\":\"d41d8cd98f00b204e9800998ecf8427e\"}") "," SDO("malware",
                  2, ",\"name\":\"X\",\"sample_refs\":[\"file" U(3) "\"]") "," RELATION(4,
                  "malware" U(2), "communicates-with", "ipv4-addr" U(1)),
            "assert ipv4 45.9.148.3 green #malware:x\nassert md5 d41d8cd98f00b204e9800998ecf8427e "
            "green #malware:x\n");
    // Revoked names and relations do not count.
    reads(INDICATOR(1, "[domain-name:value = 'evil.com']", "") "," SDO(
                  "malware", 2, ",\"name\":\"X\",\"revoked\":true") "," RELATION(1,
                  "indicator" U(1), "indicates", "malware" U(2)),
            "assert domain evil.com green\n");
}

static void reports_become_references(void **state)
{
    (void)state;
    reads(SDO("report", 7,
                  ",\"name\":\"Secret "
                  "title\",\"published\":\"2026-01-01T00:00:00Z\",\"object_refs\":[\"indicator" U(
                          1) "\"],"
                             "\"external_references\":[{\"source_name\":\"blog\",\"url\":\"https://"
                             "blog.example.com/1\"}]") "," INDICATOR(1,
                  "[domain-name:value = 'evil.com']",
                  ",\"external_references\":[{\"source_name\":\"a\\u200bb\",\"external_id\":\"1\","
                  "\"url\":\"javascript:x\"},"
                  "{\"source_name\":\"empty\"}]"),
            "assert domain evil.com green ref=ab|1| ref=report|report" U(
                    7) "|https://blog.example.com/1\n");
}

static void markings(void **state)
{
    (void)state;
    static const struct {
        const char *id, *want;
    } rows[] = {
            {WHITE1, "assert domain evil.com clear\n"}, {CLEAR2, "assert domain evil.com clear\n"},
            {GREEN1, "assert domain evil.com green\n"}, {GREEN2, "assert domain evil.com green\n"},
            {AMBER1, "assert domain evil.com amber\n"}, {AMBER2, "assert domain evil.com amber\n"},
            {STRICT2, "! read.marking indicator\n"}, {STRICT_OPENCTI, "! read.marking indicator\n"},
            {RED1, "! read.marking indicator\n"}, {RED2, "! read.marking indicator\n"},
            {"00000000-0000-4000-8000-000000000009",
                    "! read.marking indicator\n"}, // not in the bundle
            {"fa42a846-8d90-4e51-bc29-71d5b4802168",
                    "assert domain evil.com green\n"}, // MITRE's statement
    };
    UNIT_EACH(const __typeof__(*rows), row, rows)
    {
        char object[1024];
        snprintf(object, sizeof object, EVIL(MARKED("%s")), row->id);
        reads(object, row->want);
    }
    // The highest of several; granular ones count for the whole object; so do labels.
    reads(EVIL(",\"object_marking_refs\":[\"marking-definition--" AMBER2
               "\",\"marking-definition--" WHITE1 "\"]"),
            "assert domain evil.com amber\n");
    reads(EVIL(MARKED(WHITE1) ",\"granular_markings\":[{\"selectors\":[\"description\"],\"marking_"
                              "ref\":\"marking-definition--" RED1 "\"}]"),
            "! read.marking indicator\n");
    reads(EVIL(MARKED(WHITE1) ",\"granular_markings\":[{\"selectors\":[\"description\"],\"lang\":"
                              "\"de\"}]"),
            "assert domain evil.com clear\n");
    reads(EVIL(MARKED(WHITE1) ",\"granular_markings\":[{\"selectors\":[\"description\"]}]"),
            "! read.marking indicator\n");
    reads(EVIL(",\"object_marking_refs\":\"marking-definition--" WHITE1 "\""),
            "! read.marking indicator\n");
    reads(EVIL(",\"object_marking_refs\":[5]"), "! read.marking indicator\n");
    reads(EVIL(",\"labels\":[\"tlp:amber\"]"), "assert domain evil.com amber\n");
    reads(EVIL(",\"labels\":[\"TLP:RED\"]"), "! read.marking indicator\n");
    reads(EVIL(",\"labels\":[\"tlp:ex:chr\"]"), "! read.marking indicator\n");
}

#define DEFINITION(n, rest)                                                                        \
    "{\"type\":\"marking-definition\",\"spec_version\":\"2.1\",\"id\":\"marking-definition" U(     \
            n) "\",\"created\":\"2026-01-01T00:00:00Z\"" rest "}"

static void markings_defined_in_the_bundle(void **state)
{
    (void)state;
#define OWN EVIL(",\"object_marking_refs\":[\"marking-definition" U(9) "\"]")
    reads(OWN "," DEFINITION(
                  9, ",\"definition_type\":\"statement\",\"definition\":{\"statement\":\"(c)\"}"),
            "assert domain evil.com green\n");
    reads(DEFINITION(9, ",\"definition_type\":\"tlp\",\"definition\":{\"tlp\":\"amber\"}") "," OWN,
            "assert domain evil.com amber\n");
    reads(DEFINITION(9,
                  ",\"extensions\":{\"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d\":"
                  "{\"extension_type\":\"property-extension\",\"tlp_2_0\":\"red\"}}") "," OWN,
            "! read.marking indicator\n");
    reads(DEFINITION(9, ",\"definition_type\":\"iep\",\"definition\":{}") "," OWN,
            "! read.marking indicator\n");
    // A statement that carries an extension says more than a statement.
    reads(DEFINITION(9, ",\"definition_type\":\"statement\",\"definition\":{\"statement\":\"x\"},"
                        "\"extensions\":{\"a\":{}}") "," OWN,
            "! read.marking indicator\n");
    // A definition cannot make RED into something else.
    reads("{\"type\":\"marking-definition\",\"id\":\"marking-definition--" RED1
          "\",\"definition_type\":\"statement\"}," EVIL(MARKED(RED1)),
            "! read.marking indicator\n");
}

static void stricter_context_stays_off(void **state)
{
    (void)state;
#define NAMED(marked_name, marked_relation)                                                        \
    EVIL(MARKED(GREEN2))                                                                           \
    "," SDO("malware", 2, ",\"name\":\"X\"" marked_name) "," SDO("relationship", 3,                \
            ",\"source_ref\":\"indicator" U(1) "\",\"relationship_type\":\"indicates\","           \
                                               "\"target_ref\":\"malware" U(                       \
                                                       2) "\"" marked_relation)
    reads(NAMED(MARKED(GREEN1), MARKED(CLEAR2)), "assert domain evil.com green #malware:x\n");
    reads(NAMED(MARKED(AMBER1), ""), "assert domain evil.com green\n");
    reads(NAMED("", MARKED(RED2)), "assert domain evil.com green\n");
    reads(NAMED(MARKED("00000000-0000-4000-8000-000000000009"), ""),
            "assert domain evil.com green\n");
    // What is seen is marked as strictly as what it is seen of.
    reads(SIGHTING(5, "indicator" U(1), MARKED(GREEN2)) "," EVIL(MARKED(AMBER2)),
            "sight domain evil.com amber\nassert domain evil.com amber\n");
    reads(SIGHTING(5, "indicator" U(1), MARKED(GREEN2)) "," EVIL(MARKED(RED2)),
            "! read.marking object referred to by sighting\n! read.marking indicator\n");
    reads(SCO("domain-name", 1,
                  ",\"value\":\"evil.com\",\"resolves_to_refs\":[\"ipv4-addr" U(
                          2) "\"]") "," SCO("ipv4-addr", 2,
                  ",\"value\":\"45.9.148.3\"" MARKED(RED1)),
            "assert domain evil.com green\n! read.marking ipv4-addr\n");
}

static void options(void **state)
{
    (void)state;
    struct toc_stix_options none = {.limit = TOC_MARKING_RED};
    reads_with(EVIL(""), "! marking.missing indicator\n", &none);
    reads_with(EVIL(MARKED(RED1)), "assert domain evil.com red\n", &none);
    struct toc_stix_options floor = reading_green;
    floor.floor = TOC_MARKING_AMBER;
    reads_with(EVIL(MARKED(WHITE1)), "assert domain evil.com amber\n", &floor);
    struct toc_stix_options zero = {.has_marking = true};
    reads_with(EVIL(MARKED(GREEN1)), "! read.marking indicator\n", &zero);
    reads_with(EVIL(""), "assert domain evil.com clear\n", &zero);

    static struct toc_slice tags[] = {TOC_S_INIT("feed:x")};
    struct toc_observation base;
    toc_observation_init(&base);
    base.confidence = 40;
    base.tags = tags;
    base.tags_count = 1;
    struct toc_stix_options based = reading_green;
    based.base = &base;
    reads_with(EVIL(",\"labels\":[\"y\"]"),
            "assert domain evil.com green confidence=40 #feed:x #y\n", &based);
    reads_with(EVIL(",\"confidence\":90"), "assert domain evil.com green confidence=90 #feed:x\n",
            &based);

    struct toc_stix_options assume = reading_green;
    assume.assume_scheme = true;
    static const char url[] =
            INDICATOR(1, "[url:value = 'evil.com/x'] OR [url:value = 'ssh://evil.com/']", "");
    reads(url, "! canon.url.scheme url\n! canon.url.scheme url\n");
    reads_with(url, "assert url http://evil.com/x green\n! canon.url.scheme url\n", &assume);
    // By the rule of lists: the part before @ may be no user, and /path has no host.
    reads_with(INDICATOR(1, "[url:value = 'user@evil.com/x'] OR [url:value = '/x']", ""),
            "! canon.url.scheme url\n! canon.url.scheme url\n", &assume);
    reads_with(SCO("url", 1, ",\"value\":\" evil.com/?to=http://evil.org/ \""),
            "assert url http://evil.com/?to=http://evil.org/ green\n", &assume);
}

// A stream: what stood before an object is known, what follows is not.
static void one_pass(void **state)
{
    (void)state;
    static const char *const objects[] = {SDO("malware", 2, ",\"name\":\"X\""),
            RELATION(3, "indicator" U(1), "indicates", "malware" U(2)), EVIL(""),
            SIGHTING(5, "indicator" U(1), ""), SIGHTING(6, "indicator" U(7), "")};
    struct toc_stix_reader *reader = toc_stix_reader_new(&reading_green);
    struct toc_arena arena;
    struct toc_err err = {0};
    struct reading r;
    const struct toc_stix_sink sink = {&r, reading_emit, reading_refuse};
    reading_init(&r, false);
    toc_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        json_t *object = NULL;
        assert_ok(toc_json_parse(toc_slice_of(objects[i]), &object, &err), err);
        toc_stix_learn(reader, object);
        toc_arena_reset(&arena);
        assert_ok(toc_stix_read(reader, object, &arena, &sink, &err), err);
        json_decref(object);
    }
    assert_slice(toc_buf_slice(&r.lines),
            "assert domain evil.com green #malware:x\nsight domain evil.com green #malware:x\n"
            "! stix.reference sighting_of_ref\n");
    assert_int_equal(toc_stix_reader_counts(reader)->objects, 5);
    toc_stix_reader_free(reader);
    toc_arena_done(&arena);
    reading_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(indicators),
            cmocka_unit_test(properties_are_checked),
            cmocka_unit_test(times),
            cmocka_unit_test(observables),
            cmocka_unit_test(seen_not_accused),
            cmocka_unit_test(vulnerabilities),
            cmocka_unit_test(names_become_tags),
            cmocka_unit_test(reports_become_references),
            cmocka_unit_test(markings),
            cmocka_unit_test(markings_defined_in_the_bundle),
            cmocka_unit_test(stricter_context_stays_off),
            cmocka_unit_test(options),
            cmocka_unit_test(one_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
