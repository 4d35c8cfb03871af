// tocsin-publish: what a member knows, brought to the hub.
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/config.h"
#include "lib/base/key.h"
#include "lib/base/log.h"
#include "lib/member/conf.h"
#include "lib/member/enrol.h"
#include "lib/member/genesis.h"
#include "producers/options.h"

static int fail(const struct toc_err *err)
{
    fprintf(stderr, "tocsin-publish: %s\n", err->text);
    return err->code == TOC_E_USAGE ? TOC_EXIT_USAGE : TOC_EXIT_FAILED;
}

static int enrol(const char *name, const char *dir)
{
    struct toc_enrolment enrolment;
    struct toc_err err = {0};
    char fingerprint[40];
    if (toc_failed(toc_enrol_make(name, dir, &enrolment, &err)))
        return fail(&err);
    toc_key_fingerprint(enrolment.signing_key, fingerprint);
    printf("Keys and request are in %s.\n"
           "1. Give %s/%s to the operator. The other files stay on this machine.\n"
           "2. When the operator calls you back, read out this fingerprint:\n\n"
           "       %s\n\n"
           "3. You get back tls.crt, ca.pem, genesis.toc and deployment.conf: put them beside the keys, and the "
           "lines of\n"
           "   deployment.conf in place of those in %s/%s. Then: tocsin-publish -c %s/%s --check\n",
           dir, dir, TOC_ENROL_REQUEST, fingerprint, dir, TOC_ENROL_CONFIG, dir, TOC_ENROL_CONFIG);
    toc_enrolment_done(&enrolment);
    return TOC_EXIT_OK;
}

static int check(const char *path)
{
    struct toc_member_conf conf;
    struct toc_conf *texts = NULL;
    struct toc_genesis_file genesis = {0};
    struct toc_key *key = NULL;
    struct toc_err err = {0};
    if (path == NULL) {
        fprintf(stderr, "tocsin-publish: --check needs -c FILE\n");
        return TOC_EXIT_USAGE;
    }
    toc_rc rc = toc_member_load(path, &conf, &texts, &err);
    if (!toc_failed(rc) && conf.genesis != NULL)
        rc = toc_genesis_load(conf.genesis, conf.genesis_digest, &genesis, &err);
    if (!toc_failed(rc))
        rc = toc_key_load(conf.signing_key, &key, &err);
    if (!toc_failed(rc))
        printf("%s: member %s, %zu feeds, %s\n", path, conf.member, conf.feeds.count,
                conf.genesis == NULL ? "no genesis: nothing can be sent"
                                     : "genesis and keys are good");
    toc_key_free(key);
    toc_genesis_done(&genesis);
    toc_conf_free(texts);
    return toc_failed(rc) ? fail(&err) : TOC_EXIT_OK;
}

static int print_config(void)
{
    struct toc_err err = {0};
    toc_rc rc = toc_conf_show(toc_member_rows, stdout, &err);
    return toc_failed(rc) ? fail(&err) : TOC_EXIT_OK;
}

int main(int argc, char **argv)
{
    struct toc_options options;
    umask(077);
    toc_log_setup(TOC_LOG_WARN, false);
    switch (toc_options_parse(argc, argv, &options)) {
    case TOC_COMMAND_PUBLISH:
        return toc_publish(&options.publish);
    case TOC_COMMAND_ENROL:
        return enrol(options.enrol_name, options.enrol_dir);
    case TOC_COMMAND_CHECK:
        return check(options.publish.config);
    case TOC_COMMAND_PRINT_CONFIG:
        return print_config();
    case TOC_COMMAND_DONE:
        return TOC_EXIT_OK;
    case TOC_COMMAND_WRONG:
        break;
    }
    fprintf(stderr, "try tocsin-publish --help\n");
    return TOC_EXIT_USAGE;
}
