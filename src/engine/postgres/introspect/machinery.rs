//! What extends the server itself: operator families and classes, languages, access methods.

use super::objects::Kind;

/// What extends the server itself. Object identifiers below 16384 are the system's own (PostgreSQL source, access/transam.h).
pub(super) const MACHINERY: [Kind; 7] = [
    Kind {
        catalog: "pg_opfamily",
        name: "opfname",
        schema: "opfnamespace",
        key: "'operator_family ' || @name",
        words: "(SELECT m.amname::text FROM pg_am m WHERE m.oid = c.opfmethod), \
                (SELECT string_agg(concat_ws(' ', o.amopstrategy, o.amopopr::regoperator), ', ' \
                        ORDER BY o.amopstrategy, o.amopopr::regoperator::text) FROM pg_amop o WHERE o.amopfamily = c.oid), \
                (SELECT string_agg(concat_ws(' ', f.amprocnum, f.amproc::regprocedure), ', ' \
                        ORDER BY f.amprocnum, f.amproc::regprocedure::text) FROM pg_amproc f WHERE f.amprocfamily = c.oid)",
        joins: "",
        only: "c.oid >= 16384",
    },
    Kind {
        catalog: "pg_opclass",
        name: "opcname",
        schema: "opcnamespace",
        key: "'operator_class ' || @name",
        words: "(SELECT m.amname::text FROM pg_am m WHERE m.oid = c.opcmethod), format_type(c.opcintype, NULL), \
                c.opcdefault::text, format_type(nullif(c.opckeytype, 0), NULL), \
                (SELECT f.opfname::text FROM pg_opfamily f WHERE f.oid = c.opcfamily)",
        joins: "",
        only: "c.oid >= 16384",
    },
    Kind {
        catalog: "pg_conversion",
        name: "conname",
        schema: "connamespace",
        key: "'conversion ' || @name",
        words: "pg_encoding_to_char(c.conforencoding)::text, pg_encoding_to_char(c.contoencoding)::text, c.conproc::regproc::text, \
                c.condefault::text",
        joins: "",
        only: "c.oid >= 16384",
    },
    Kind {
        catalog: "pg_transform",
        name: "oid",
        schema: "0",
        key: "'transform ' || format_type(c.trftype, NULL) || ' ' || l.lanname",
        words: "nullif(c.trffromsql, 0)::regprocedure::text, nullif(c.trftosql, 0)::regprocedure::text",
        joins: "JOIN pg_language l ON l.oid = c.trflang",
        only: "true",
    },
    Kind {
        catalog: "pg_language",
        name: "lanname",
        schema: "0",
        key: "'language ' || c.lanname",
        words: "c.lanpltrusted::text, nullif(c.lanplcallfoid, 0)::regproc::text, nullif(c.laninline, 0)::regproc::text, \
                nullif(c.lanvalidator, 0)::regproc::text",
        joins: "",
        only: "c.oid >= 16384",
    },
    Kind {
        catalog: "pg_am",
        name: "amname",
        schema: "0",
        key: "'access_method ' || c.amname",
        words: "c.amtype::text, c.amhandler::regproc::text",
        joins: "",
        only: "c.oid >= 16384",
    },
    Kind {
        catalog: "pg_ts_template",
        name: "tmplname",
        schema: "tmplnamespace",
        key: "'ts_template ' || @name",
        words: "nullif(c.tmplinit, 0)::regproc::text, c.tmpllexize::regproc::text",
        joins: "",
        only: "true",
    },
];
