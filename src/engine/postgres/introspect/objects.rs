//! Everything but tables, each as a key `kind name`, the kind in one word, and a definition: seven questions, each a few
//! catalogs long.

use std::{collections::BTreeMap, fmt::Write};

use sqlx::{AssertSqlSafe, PgConnection};

use super::machinery::MACHINERY;

/// A catalog, and what to take from it.
///
/// In `key` and `words`, `c` is the catalog's row and `n` its schema; `@name` becomes the object's name (qualified
/// outside the default schema).
pub(super) struct Kind {
    pub catalog: &'static str,
    /// The columns with the object's name and schema; a schema of `0` for what stands in none.
    pub name: &'static str,
    pub schema: &'static str,
    pub key: &'static str,
    pub words: &'static str,
    /// Further tables, and which rows count.
    pub joins: &'static str,
    pub only: &'static str,
}

const RELATIONS: [Kind; 4] = [
    // Its table tells of an index as well; here it is found by its own name, which is all that DROP INDEX gives.
    Kind {
        catalog: "pg_class",
        name: "relname",
        schema: "relnamespace",
        key: "'index ' || @name",
        words: "pg_get_indexdef(c.oid), CASE WHEN NOT x.indisvalid THEN 'invalid' END",
        joins: "JOIN pg_index x ON x.indexrelid = c.oid JOIN pg_class t ON t.oid = x.indrelid",
        only: "(@ours) IS NOT TRUE",
    },
    Kind {
        catalog: "pg_class",
        name: "relname",
        schema: "relnamespace",
        key: "CASE c.relkind WHEN 'v' THEN 'view ' ELSE 'matview ' END || @name",
        words: "pg_get_viewdef(c.oid), 'with ' || c.reloptions::text, CASE WHEN NOT c.relispopulated THEN 'empty' END, \
                (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), \
                        (SELECT 'default ' || pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d \
                         WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), \
                        'statistics ' || nullif(a.attstattarget, -1), \
                        quote_literal(col_description(c.oid, a.attnum))), ', ' ORDER BY a.attnum) \
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), \
                (SELECT string_agg(concat_ws(' ', pg_get_indexdef(x.indexrelid), \
                        CASE WHEN NOT x.indisvalid THEN 'invalid' END), ', ' ORDER BY i.relname) \
                 FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid)",
        joins: "",
        only: "c.relkind IN ('v', 'm')",
    },
    Kind {
        catalog: "pg_class",
        name: "relname",
        schema: "relnamespace",
        key: "'sequence ' || @name",
        // Where the sequence stands is data; its identity column, if it has one, tells of it.
        words: "format('%s start %s increment %s from %s to %s cache %s%s', format_type(s.seqtypid, NULL), s.seqstart, \
                s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' cycle' END), \
                CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, \
                (SELECT 'owned by ' || d.refobjid::regclass || '.' || a.attname FROM pg_depend d \
                 JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a' \
                   AND d.refclassid = 'pg_class'::regclass)",
        joins: "JOIN pg_sequence s ON s.seqrelid = c.oid",
        only: "NOT EXISTS (SELECT 1 FROM pg_depend d LEFT JOIN pg_class t ON t.oid = d.refobjid AND @ours \
                           WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid \
                             AND (d.deptype = 'i' OR d.deptype = 'a' AND t.oid IS NOT NULL))",
    },
    Kind {
        catalog: "pg_statistic_ext",
        name: "stxname",
        schema: "stxnamespace",
        key: "'statistics ' || @name",
        words: "pg_get_statisticsobjdef(c.oid), nullif(c.stxstattarget, -1)::text",
        joins: "",
        only: "true",
    },
];

const ON_TABLES: [Kind; 3] = [
    Kind {
        catalog: "pg_trigger",
        name: "tgname",
        schema: "0",
        key: "'trigger ' || c.tgrelid::regclass || '.' || c.tgname",
        words: "pg_get_triggerdef(c.oid), nullif(c.tgenabled::text, 'O')",
        joins: "JOIN pg_class t ON t.oid = c.tgrelid JOIN pg_namespace o ON o.oid = t.relnamespace",
        only: "NOT c.tgisinternal AND c.tgparentid = 0 AND @owner",
    },
    Kind {
        catalog: "pg_rewrite",
        name: "rulename",
        schema: "0",
        key: "'rule ' || c.ev_class::regclass || '.' || c.rulename",
        words: "pg_get_ruledef(c.oid), nullif(c.ev_enabled::text, 'O')",
        joins: "JOIN pg_class t ON t.oid = c.ev_class JOIN pg_namespace o ON o.oid = t.relnamespace",
        only: "c.rulename <> '_RETURN' AND @owner",
    },
    Kind {
        catalog: "pg_policy",
        name: "polname",
        schema: "0",
        key: "'policy ' || c.polrelid::regclass || '.' || c.polname",
        words: "c.polcmd::text, CASE WHEN c.polpermissive THEN 'permissive' ELSE 'restrictive' END, \
                'to ' || (SELECT string_agg(coalesce(r.rolname::text, 'public'), ', ' ORDER BY r.rolname) \
                          FROM unnest(c.polroles) AS u (role) LEFT JOIN pg_roles r ON r.oid = u.role), \
                'using ' || pg_get_expr(c.polqual, c.polrelid), 'check ' || pg_get_expr(c.polwithcheck, c.polrelid)",
        joins: "JOIN pg_class t ON t.oid = c.polrelid JOIN pg_namespace o ON o.oid = t.relnamespace",
        only: "@owner",
    },
];

const ROUTINES: [Kind; 3] = [
    Kind {
        catalog: "pg_proc",
        name: "proname",
        schema: "pronamespace",
        key: "CASE c.prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END || @name",
        words: "CASE WHEN c.prokind <> 'a' THEN pg_get_functiondef(c.oid) ELSE concat_ws(', ', \
                pg_get_function_identity_arguments(c.oid), pg_get_function_result(c.oid), g.aggtransfn::regproc, g.aggfinalfn::regproc, g.aggcombinefn::regproc, \
                g.aggtranstype::regtype, g.agginitval, g.aggkind, g.aggsortop::regoper, c.proparallel) END",
        joins: "LEFT JOIN pg_aggregate g ON g.aggfnoid = c.oid",
        only: "true",
    },
    Kind {
        catalog: "pg_operator",
        name: "oprname",
        schema: "oprnamespace",
        key: "'operator ' || @name",
        words: "c.oid::regoperator::text, c.oprcode::regproc::text, c.oprresult::regtype::text, c.oprcom::regoperator::text, \
                c.oprnegate::regoperator::text, c.oprcanmerge::text, c.oprcanhash::text, c.oprrest::regproc::text, \
                c.oprjoin::regproc::text",
        joins: "",
        only: "true",
    },
    Kind {
        catalog: "pg_event_trigger",
        name: "evtname",
        schema: "0",
        key: "'event_trigger ' || c.evtname",
        words: "c.evtevent::text, c.evtfoid::regproc::text, c.evtenabled::text, c.evttags::text",
        joins: "",
        only: "true",
    },
];

const TYPES: [Kind; 3] = [
    Kind {
        catalog: "pg_type",
        name: "typname",
        schema: "typnamespace",
        key: "CASE c.typtype WHEN 'd' THEN 'domain ' ELSE 'type ' END || @name",
        words: "c.typtype::text, \
                (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e \
                 WHERE e.enumtypid = c.oid), \
                (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), \
                        quote_literal(col_description(c.typrelid, a.attnum))), ', ' ORDER BY a.attnum) \
                 FROM pg_attribute a WHERE a.attrelid = c.typrelid AND a.attnum > 0 AND NOT a.attisdropped), \
                CASE WHEN c.typtype = 'd' THEN concat_ws(' ', format_type(c.typbasetype, c.typtypmod), \
                     CASE WHEN c.typnotnull THEN 'not null' END, 'default ' || c.typdefault, \
                     'collation ' || (SELECT l.collname FROM pg_collation l WHERE l.oid = c.typcollation)) END, \
                (SELECT string_agg(k.conname || ' ' || pg_get_constraintdef(k.oid), ', ' ORDER BY k.conname) \
                 FROM pg_constraint k WHERE k.contypid = c.oid), \
                (SELECT 'range of ' || format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = c.oid)",
        joins: "LEFT JOIN pg_class t ON t.oid = c.typrelid",
        only: "(c.typtype IN ('e', 'd', 'r') OR c.typtype = 'c' AND t.relkind = 'c' \
               OR c.typtype = 'p' AND NOT c.typisdefined OR c.typtype = 'b' AND c.typelem = 0)",
    },
    Kind {
        catalog: "pg_collation",
        name: "collname",
        schema: "collnamespace",
        key: "'collation ' || @name",
        words: "c.collprovider::text, c.collisdeterministic::text, c.collcollate::text, c.collctype::text",
        joins: "",
        only: "true",
    },
    Kind {
        catalog: "pg_cast",
        name: "oid",
        schema: "0",
        key: "'cast ' || format_type(c.castsource, NULL) || ' as ' || format_type(c.casttarget, NULL)",
        words: "nullif(c.castfunc, 0)::regprocedure::text, c.castcontext::text, c.castmethod::text",
        joins: "",
        // Object identifiers below 16384 are the system's own (PostgreSQL source, access/transam.h).
        only: "c.oid >= 16384",
    },
];

const SEARCH: [Kind; 2] = [
    Kind {
        catalog: "pg_ts_config",
        name: "cfgname",
        schema: "cfgnamespace",
        key: "'ts_configuration ' || @name",
        words: "(SELECT p.prsname::text FROM pg_ts_parser p WHERE p.oid = c.cfgparser), \
                (SELECT string_agg(m.maptokentype || ' ' || m.mapdict::regdictionary, ', ' \
                        ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = c.oid)",
        joins: "",
        only: "true",
    },
    Kind {
        catalog: "pg_ts_dict",
        name: "dictname",
        schema: "dictnamespace",
        key: "'ts_dictionary ' || @name",
        words: "(SELECT p.tmplname::text FROM pg_ts_template p WHERE p.oid = c.dicttemplate), c.dictinitoption",
        joins: "",
        only: "true",
    },
];

const WHOLES: [Kind; 5] = [
    Kind {
        catalog: "pg_namespace",
        name: "nspname",
        schema: "oid",
        key: "'schema ' || c.nspname",
        words: "''",
        joins: "",
        only: "c.nspname <> 'public'",
    },
    Kind {
        catalog: "pg_extension",
        name: "extname",
        schema: "0",
        key: "'extension ' || c.extname",
        words: "c.extversion, c.extnamespace::regnamespace::text",
        joins: "",
        // Every database has it from its template.
        only: "c.extname <> 'plpgsql'",
    },
    Kind {
        catalog: "pg_foreign_server",
        name: "srvname",
        schema: "0",
        key: "'server ' || c.srvname",
        // The options may hold a secret: only that they changed is told.
        words: "w.fdwname::text, c.srvtype, c.srvversion, md5(c.srvoptions::text)",
        joins: "JOIN pg_foreign_data_wrapper w ON w.oid = c.srvfdw",
        only: "true",
    },
    Kind {
        catalog: "pg_foreign_data_wrapper",
        name: "fdwname",
        schema: "0",
        key: "'foreign_data_wrapper ' || c.fdwname",
        words: "nullif(c.fdwhandler, 0)::regproc::text, nullif(c.fdwvalidator, 0)::regproc::text, md5(c.fdwoptions::text)",
        joins: "",
        only: "true",
    },
    Kind {
        catalog: "pg_publication",
        name: "pubname",
        schema: "0",
        key: "'publication ' || c.pubname",
        words: "concat(c.puballtables, c.pubinsert, c.pubupdate, c.pubdelete, c.pubtruncate, c.pubviaroot), \
                (SELECT string_agg(concat_ws(' ', r.prrelid::regclass::text \
                        /*15: , r.prattrs::text, pg_get_expr(r.prqual, r.prrelid) :15*/), ', ' \
                        ORDER BY r.prrelid::regclass::text) \
                 FROM pg_publication_rel r WHERE r.prpubid = c.oid) \
                /*15: , (SELECT string_agg(s.pnnspid::regnamespace::text, ', ' ORDER BY s.pnnspid::regnamespace::text) \
                         FROM pg_publication_namespace s WHERE s.pnpubid = c.oid) :15*/",
        joins: "",
        only: "true",
    },
];

/// The schema that a row of a table stands in must be one that is looked at, and a name may be the table's.
const OWNER: &str = r"o.nspname NOT LIKE 'pg\_%' AND o.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = t.oid
                    AND e.deptype = 'e')";

/// A table of ours.
const OURS: &str = r"t.relnamespace = to_regnamespace(quote_ident(current_schema()))
    AND (t.relname IN ('schema_version', 'migration_history') OR t.relname LIKE 'windlass\_%')";

/// Reads the objects. Routines and operators of one name are told together.
pub(super) async fn read(
    connection: &mut PgConnection,
    major: u32,
    names: Option<&Vec<String>>,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let mut objects = BTreeMap::<String, String>::new();
    for kinds in [&RELATIONS[..], &ON_TABLES, &ROUTINES, &TYPES, &SEARCH, &WHOLES, &MACHINERY] {
        let mut found: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(question(kinds, major)))
            .bind(names)
            .persistent(false)
            .fetch_all(&mut *connection)
            .await?;
        found.sort();
        for (key, words) in found {
            let told = objects.entry(key).or_default();
            told.push_str(if told.is_empty() { "" } else { "\n" });
            told.push_str(&words);
        }
    }
    Ok(objects)
}

/// One question over several catalogs.
fn question(kinds: &[Kind], major: u32) -> String {
    let mut text = String::new();
    for (place, kind) in kinds.iter().enumerate() {
        let union = if place > 0 { " UNION ALL " } else { "" };
        let _ = write!(text, "{union}{}", part(kind));
    }
    if major < SINCE_15 { text } else { text.replace("/*15:", "").replace(":15*/", "") }
}

/// The server from which on what stands in `/*15: … :15*/` is asked.
const SINCE_15: u32 = 15;

/// One catalog's part of a question.
fn part(Kind { catalog, name, schema, key, words, joins, only }: &Kind) -> String {
    let called = format!(
        "CASE WHEN n.nspname IS NOT DISTINCT FROM current_schema() THEN c.{name}::text \
         ELSE n.nspname || '.' || c.{name} END"
    );
    let key = key.replace("@name", &called);
    let owned = only.contains("@owner");
    let only = only.replace("@owner", OWNER).replace("@ours", OURS);
    let (namespace, visible) = if *schema == "0" {
        (String::new(), "true")
    } else {
        let join = format!("JOIN pg_namespace n ON n.oid = c.{schema}");
        (join, r"n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'")
    };
    let or_owner = if owned { "OR lower(t.relname) = ANY ($1)" } else { "" };
    format!(
        "SELECT {key} AS key, concat_ws('; ', {words}, \
                'comment ' || quote_literal(obj_description(c.oid, '{catalog}'))) AS words \
         FROM {catalog} c {namespace} {joins} \
         WHERE {only} AND {visible} \
           AND ($1::text[] IS NULL OR lower(c.{name}::text) = ANY ($1) {or_owner}) \
           AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = '{catalog}'::regclass AND e.objid = c.oid \
                           AND e.deptype = 'e')"
    )
}
