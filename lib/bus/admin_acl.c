// Rights.
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/bus/admin_parts.h"

#define REASON_BYTES_MAX 200
#define ACLS_MAX 10000 // in one call

static const struct toc_bus_act act = {"rights", "Alter and Describe on the cluster"};

static const struct {
    const char *name;
    rd_kafka_AclOperation_t kafka;
} ops[] = {
        [TOC_ACL_ANY] = {"Any", RD_KAFKA_ACL_OPERATION_ANY},
        [TOC_ACL_ALL] = {"All", RD_KAFKA_ACL_OPERATION_ALL},
        [TOC_ACL_READ] = {"Read", RD_KAFKA_ACL_OPERATION_READ},
        [TOC_ACL_WRITE] = {"Write", RD_KAFKA_ACL_OPERATION_WRITE},
        [TOC_ACL_CREATE] = {"Create", RD_KAFKA_ACL_OPERATION_CREATE},
        [TOC_ACL_DELETE] = {"Delete", RD_KAFKA_ACL_OPERATION_DELETE},
        [TOC_ACL_ALTER] = {"Alter", RD_KAFKA_ACL_OPERATION_ALTER},
        [TOC_ACL_DESCRIBE] = {"Describe", RD_KAFKA_ACL_OPERATION_DESCRIBE},
        [TOC_ACL_DESCRIBE_CONFIGS] = {"DescribeConfigs", RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS},
        [TOC_ACL_ALTER_CONFIGS] = {"AlterConfigs", RD_KAFKA_ACL_OPERATION_ALTER_CONFIGS},
};

// 5 is Kafka's number of transactional ids; releases before 2.2 have no name for it and refuse it.
static const struct {
    const char *name;
    int kafka;
} ons[] = {
        [TOC_ACL_TOPIC] = {"topic", RD_KAFKA_RESOURCE_TOPIC},
        [TOC_ACL_GROUP] = {"group", RD_KAFKA_RESOURCE_GROUP},
        [TOC_ACL_TRANSACTIONAL_ID] = {"transactional-id", 5},
};

const char *toc_acl_op_name(enum toc_acl_op op)
{
    return ops[op].name;
}

const char *toc_acl_on_name(enum toc_acl_on on)
{
    return ons[on].name;
}

static rd_kafka_ResourcePatternType_t pattern_of(const struct toc_acl *acl)
{
    return acl->prefixed ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED : RD_KAFKA_RESOURCE_PATTERN_LITERAL;
}

static rd_kafka_AclPermissionType_t permission_of(const struct toc_acl *acl)
{
    return acl->deny ? RD_KAFKA_ACL_PERMISSION_TYPE_DENY : RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
}

static rd_kafka_AclBinding_t *binding_of(const struct toc_acl *acl, char why[REASON_BYTES_MAX])
{
    return rd_kafka_AclBinding_new((rd_kafka_ResourceType_t)ons[acl->on].kafka, acl->name,
            pattern_of(acl), acl->principal, "*", ops[acl->op].kafka, permission_of(acl), why,
            REASON_BYTES_MAX);
}

static rd_kafka_AclBindingFilter_t *filter_of(const struct toc_acl *acl, char why[REASON_BYTES_MAX])
{
    return rd_kafka_AclBindingFilter_new((rd_kafka_ResourceType_t)ons[acl->on].kafka, acl->name,
            pattern_of(acl), acl->principal, "*", ops[acl->op].kafka, permission_of(acl), why,
            REASON_BYTES_MAX);
}

bool toc_admin_acl_supported(enum toc_acl_on on)
{
    char why[REASON_BYTES_MAX];
    const struct toc_acl probe = {
            .principal = "User:probe", .on = on, .name = "probe", .op = TOC_ACL_DESCRIBE};
    rd_kafka_AclBinding_t *binding = binding_of(&probe, why);
    if (binding == NULL)
        return false;
    rd_kafka_AclBinding_destroy(binding);
    return true;
}

// ---- add and remove: the same but for the call

typedef rd_kafka_AclBinding_t *make_acl(const struct toc_acl *acl, char why[REASON_BYTES_MAX]);

static toc_rc bindings_of(const struct toc_acl *acls, size_t count, make_acl *make,
        rd_kafka_AclBinding_t ***out, struct toc_err *err)
{
    TOC_ENSURE(count <= ACLS_MAX, err, TOC_E_LIMIT, "%zu rights, at most %d", count, ACLS_MAX);
    rd_kafka_AclBinding_t **bindings = toc_mem_alloc(count, sizeof *bindings);
    if (bindings == NULL)
        return toc_fail(err, TOC_E_MEMORY, "%zu rights", count);
    char why[REASON_BYTES_MAX] = "";
    for (size_t i = 0; i < count; i++) {
        bindings[i] = make(&acls[i], why);
        if (bindings[i] != NULL)
            continue;
        rd_kafka_AclBinding_destroy_array(bindings, i);
        toc_mem_free(bindings);
        return toc_fail(err, TOC_E_USAGE, "right on %s %s: %s", ons[acls[i].on].name,
                acls[i].name == NULL ? "*" : acls[i].name, why);
    }
    *out = bindings;
    return TOC_OK;
}

static void free_bindings(rd_kafka_AclBinding_t **bindings, size_t count)
{
    rd_kafka_AclBinding_destroy_array(bindings, count);
    toc_mem_free(bindings);
}

static toc_rc of_error(const rd_kafka_error_t *error, struct toc_err *err)
{
    return error == NULL ? TOC_OK
                         : toc_admin_item(rd_kafka_error_code(error), rd_kafka_error_string(error),
                                   act, err);
}

toc_rc toc_admin_acl_add(
        struct toc_admin *admin, const struct toc_acl *acls, size_t count, struct toc_err *err)
{
    rd_kafka_AclBinding_t **bindings = NULL;
    rd_kafka_event_t *answer;
    if (count == 0)
        return TOC_OK;
    TOC_TRY(bindings_of(acls, count, binding_of, &bindings, err));
    rd_kafka_AdminOptions_t *options = toc_admin_options(admin, RD_KAFKA_ADMIN_OP_CREATEACLS);
    rd_kafka_CreateAcls(admin->link.rk, bindings, count, options, admin->answers);
    toc_rc rc = toc_admin_answer(admin, options, act, &answer, err);
    free_bindings(bindings, count);
    TOC_TRY(rc);
    size_t results;
    const rd_kafka_acl_result_t **result =
            rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(answer), &results);
    for (size_t i = 0; i < results && !toc_failed(rc); i++)
        rc = of_error(rd_kafka_acl_result_error(result[i]), err);
    rd_kafka_event_destroy(answer);
    return rc;
}

toc_rc toc_admin_acl_remove(struct toc_admin *admin, const struct toc_acl *patterns, size_t count,
        size_t *out_removed, struct toc_err *err)
{
    rd_kafka_AclBinding_t **filters = NULL;
    rd_kafka_event_t *answer;
    size_t removed = 0;
    *out_removed = 0;
    if (count == 0)
        return TOC_OK;
    TOC_TRY(bindings_of(patterns, count, filter_of, &filters, err));
    rd_kafka_AdminOptions_t *options = toc_admin_options(admin, RD_KAFKA_ADMIN_OP_DELETEACLS);
    rd_kafka_DeleteAcls(admin->link.rk, filters, count, options, admin->answers);
    toc_rc rc = toc_admin_answer(admin, options, act, &answer, err);
    free_bindings(filters, count);
    TOC_TRY(rc);
    size_t responses;
    const rd_kafka_DeleteAcls_result_response_t **response = rd_kafka_DeleteAcls_result_responses(
            rd_kafka_event_DeleteAcls_result(answer), &responses);
    for (size_t i = 0; i < responses && !toc_failed(rc); i++) {
        size_t matching;
        (void)rd_kafka_DeleteAcls_result_response_matching_acls(response[i], &matching);
        removed += matching;
        rc = of_error(rd_kafka_DeleteAcls_result_response_error(response[i]), err);
    }
    rd_kafka_event_destroy(answer);
    *out_removed = removed;
    return rc;
}

// ---- list

static bool acl_of(const rd_kafka_AclBinding_t *binding, enum toc_acl_on on, struct toc_acl *out)
{
    rd_kafka_AclOperation_t op = rd_kafka_AclBinding_operation(binding);
    if (strcmp(rd_kafka_AclBinding_host(binding), "*") != 0)
        return false;
    for (size_t i = TOC_ACL_ALL; i < sizeof ops / sizeof *ops; i++)
        if (ops[i].kafka == op) {
            *out = (struct toc_acl){
                    .principal = rd_kafka_AclBinding_principal(binding),
                    .on = on,
                    .name = rd_kafka_AclBinding_name(binding),
                    .prefixed = rd_kafka_AclBinding_resource_pattern_type(binding) ==
                                RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
                    .op = (enum toc_acl_op)i,
                    .deny = rd_kafka_AclBinding_permission_type(binding) ==
                            RD_KAFKA_ACL_PERMISSION_TYPE_DENY,
            };
            return true;
        }
    return false;
}

toc_rc toc_admin_acl_list(struct toc_admin *admin, const char *principal, enum toc_acl_on on,
        toc_acl_seen *seen, void *ctx, struct toc_err *err)
{
    char why[REASON_BYTES_MAX];
    rd_kafka_event_t *answer;
    rd_kafka_AclBindingFilter_t *filter = rd_kafka_AclBindingFilter_new(
            (rd_kafka_ResourceType_t)ons[on].kafka, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, principal,
            NULL, RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, why, sizeof why);
    TOC_ENSURE(filter != NULL, err, TOC_E_USAGE, "rights on any %s: %s", ons[on].name, why);
    rd_kafka_AdminOptions_t *options = toc_admin_options(admin, RD_KAFKA_ADMIN_OP_DESCRIBEACLS);
    rd_kafka_DescribeAcls(admin->link.rk, filter, options, admin->answers);
    rd_kafka_AclBinding_destroy(filter);
    TOC_TRY(toc_admin_answer(admin, options, act, &answer, err));
    size_t count;
    const rd_kafka_AclBinding_t **bindings =
            rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(answer), &count);
    for (size_t i = 0; i < count; i++) {
        struct toc_acl acl;
        if (acl_of(bindings[i], on, &acl))
            seen(ctx, &acl);
    }
    rd_kafka_event_destroy(answer);
    return TOC_OK;
}
