// The names of fields that carry a person's data, with the reason: the letter of 45 CFR
// 164.514(b)(2)(i) whose identifier it holds. Cutting a query too often costs little (the address
// stays), so a word that is ambiguous in general but usual in health systems is in; words that mostly
// mean something else to an attacker's server (id, user, account, session, address) are out.
#include "lib/privacy/scan.h"

enum match {
    WHOLE, // the key is the word
    PART,  // the key holds the word
};

static const struct {
    struct toc_slice word; // letters and digits only, lower case
    enum match match;
    char letter;
} table[] = {
        // (A) names
        {TOC_S_INIT("patient"), PART, 'A'},
        {TOC_S_INIT("firstname"), PART, 'A'},
        {TOC_S_INIT("lastname"), PART, 'A'},
        {TOC_S_INIT("middlename"), PART, 'A'},
        {TOC_S_INIT("maidenname"), PART, 'A'},
        {TOC_S_INIT("givenname"), PART, 'A'},
        {TOC_S_INIT("familyname"), PART, 'A'},
        {TOC_S_INIT("fullname"), PART, 'A'},
        {TOC_S_INIT("surname"), PART, 'A'},
        {TOC_S_INIT("forename"), PART, 'A'},
        {TOC_S_INIT("fname"), WHOLE, 'A'},
        {TOC_S_INIT("lname"), WHOLE, 'A'},
        {TOC_S_INIT("membername"), PART, 'A'},
        {TOC_S_INIT("subscribername"), PART, 'A'},
        {TOC_S_INIT("guarantor"), PART, 'A'},
        {TOC_S_INIT("nextofkin"), PART, 'A'},
        // (B) places smaller than a state
        {TOC_S_INIT("streetaddress"), PART, 'B'},
        {TOC_S_INIT("homeaddress"), PART, 'B'},
        {TOC_S_INIT("postalcode"), WHOLE, 'B'},
        {TOC_S_INIT("zipcode"), WHOLE, 'B'},
        // (C) dates of a person
        {TOC_S_INIT("dob"), WHOLE, 'C'},
        {TOC_S_INIT("birth"), PART, 'C'},
        {TOC_S_INIT("dateofdeath"), PART, 'C'},
        {TOC_S_INIT("admitdate"), PART, 'C'},
        {TOC_S_INIT("admissiondate"), PART, 'C'},
        {TOC_S_INIT("dischargedate"), PART, 'C'},
        // (D) telephone, (E) fax
        {TOC_S_INIT("phone"), PART, 'D'},
        {TOC_S_INIT("tel"), WHOLE, 'D'},
        {TOC_S_INIT("mobilenumber"), PART, 'D'},
        {TOC_S_INIT("fax"), WHOLE, 'E'},
        {TOC_S_INIT("faxnumber"), PART, 'E'},
        // (F) e-mail
        {TOC_S_INIT("email"), PART, 'F'},
        {TOC_S_INIT("mail"), WHOLE, 'F'},
        {TOC_S_INIT("mailto"), WHOLE, 'F'},
        // (G) social security number; "ssn" inside a word is no such thing ("passname")
        {TOC_S_INIT("ssn"), WHOLE, 'G'},
        {TOC_S_INIT("ssnlast4"), WHOLE, 'G'},
        {TOC_S_INIT("last4ssn"), WHOLE, 'G'},
        {TOC_S_INIT("socialsecurity"), PART, 'G'},
        // (H) medical record number
        {TOC_S_INIT("mrn"), WHOLE, 'H'},
        {TOC_S_INIT("mrnumber"), WHOLE, 'H'},
        {TOC_S_INIT("medicalrecord"), PART, 'H'},
        {TOC_S_INIT("chartnumber"), PART, 'H'},
        {TOC_S_INIT("chartid"), WHOLE, 'H'},
        {TOC_S_INIT("nhsnumber"), PART, 'H'},
        {TOC_S_INIT("empi"), WHOLE, 'H'},
        // (I) health plan
        {TOC_S_INIT("memberid"), PART, 'I'},
        {TOC_S_INIT("membernumber"), PART, 'I'},
        {TOC_S_INIT("subscriberid"), PART, 'I'},
        {TOC_S_INIT("insurance"), PART, 'I'},
        {TOC_S_INIT("policynumber"), PART, 'I'},
        {TOC_S_INIT("medicare"), PART, 'I'},
        {TOC_S_INIT("medicaid"), PART, 'I'},
        {TOC_S_INIT("beneficiary"), PART, 'I'},
        {TOC_S_INIT("claimnumber"), PART, 'I'},
        {TOC_S_INIT("claimid"), WHOLE, 'I'},
        // (J) accounts of care
        {TOC_S_INIT("accountnumber"), PART, 'J'},
        {TOC_S_INIT("encounter"), PART, 'J'},
        {TOC_S_INIT("accession"), PART, 'J'},
        {TOC_S_INIT("visitid"), WHOLE, 'J'},
        {TOC_S_INIT("visitnumber"), WHOLE, 'J'},
        {TOC_S_INIT("admissionid"), WHOLE, 'J'},
        // (K) certificates and licences
        {TOC_S_INIT("passport"), PART, 'K'},
        {TOC_S_INIT("driverslicense"), PART, 'K'},
        {TOC_S_INIT("driverlicense"), PART, 'K'},
        // (M) devices
        {TOC_S_INIT("deviceserial"), PART, 'M'},
        {TOC_S_INIT("udi"), WHOLE, 'M'},
        // (R) what else tells of a person's health
        {TOC_S_INIT("diagnosis"), PART, 'R'},
        {TOC_S_INIT("icd10"), PART, 'R'},
        {TOC_S_INIT("prescription"), PART, 'R'},
        {TOC_S_INIT("rxnumber"), PART, 'R'},
        {TOC_S_INIT("labresult"), PART, 'R'},
};

static bool holds(struct toc_slice key, struct toc_slice word)
{
    for (size_t i = 0; word.len <= key.len && i <= key.len - word.len; i++)
        if (toc_slice_eq(toc_slice_sub(key, i, word.len), word))
            return true;
    return false;
}

bool toc_scan_key(const struct toc_scan_rules *rules, struct toc_slice key)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].match == PART ? holds(key, table[i].word) : toc_slice_eq(key, table[i].word))
            return true;
    for (size_t i = 0; i < rules->key_count; i++)
        if (toc_slice_eq(key, rules->keys[i]))
            return true;
    return false;
}

bool toc_scan_phrase(const struct toc_scan_rules *rules, struct toc_slice phrase, size_t first)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].word.len > first && (table[i].match == PART ? toc_slice_starts(phrase, table[i].word)
                                                                 : toc_slice_eq(phrase, table[i].word)))
            return true;
    for (size_t i = 0; i < rules->key_count; i++)
        if (toc_slice_eq(phrase, rules->keys[i]))
            return true;
    return false;
}
