//! The declared schema: what a fresh installation runs instead of the migrations.

use std::path::Path;

use semver::Version;

use super::{
    CatalogError, Known,
    build::{self, Cutting},
    by_weight,
    draft::{Draft, Metadata, Numbering, Source},
    folder::Folder,
};
use crate::{
    config,
    model::{
        finding::Finding,
        migration::{Identity, Migration},
    },
    sql::{self, Dialect},
};

/// The one for every engine; an engine's own, `schema.<engine>.sql`, goes before it.
const FILE: &str = "schema.sql";

/// Whether a file in a catalog's root is a declared schema, of whatever engine.
pub(super) fn is_declared(name: &str) -> bool {
    name == FILE || Dialect::ALL.into_iter().any(|dialect| name == own(dialect))
}

fn own(dialect: Dialect) -> String {
    format!("schema.{}.sql", dialect.suffix())
}

/// The declared schema as something that can be run: one migration without a way back. `None` where none is declared.
///
/// Blocks on the file system: from async code call it on a blocking thread.
///
/// # Errors
/// [`CatalogError::Folder`] when its folder cannot be read; [`CatalogError::Faults`] with everything that is wrong in it.
pub fn declared(settings: &config::Catalog, dialect: Dialect) -> Result<Option<Migration>, CatalogError> {
    let source = match &settings.schema {
        Some(path) => Some(named(path)?),
        None => found(&settings.path, dialect)?,
    };
    source.map(|source| migration(source, dialect)).transpose()
}

/// The file that the settings name, wherever it is.
fn named(path: &Path) -> Result<Source, CatalogError> {
    let shown = path.display().to_string();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut folder = opened(folder)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let text = folder.read(&name).map_err(|fault| {
        let fault = Finding { place: fault.place.replacen(&name, &shown, 1), ..fault };
        CatalogError::Faults(vec![fault.remedy("set catalog.schema to the file that a fresh installation runs")])
    })?;
    Ok(Source { file: shown.into(), text })
}

/// The file in the catalog's root.
fn found(root: &Path, dialect: Dialect) -> Result<Option<Source>, CatalogError> {
    let mut folder = opened(root)?;
    let mut faults = Vec::new();
    let listed = folder.list("", &mut faults);
    let listed = listed.map_err(|source| CatalogError::Folder { path: root.display().to_string(), source })?;
    faults.retain(|fault| is_declared(&fault.place));
    if !faults.is_empty() {
        return Err(CatalogError::Faults(faults));
    }
    let there: Vec<&str> = listed.iter().map(|entry| entry.name.as_str()).filter(|name| is_declared(name)).collect();
    let own = own(dialect);
    let Some(name) = [own.as_str(), FILE].into_iter().find(|name| there.contains(name)) else { return Ok(None) };
    let text = folder.read(name).map_err(|fault| CatalogError::Faults(vec![fault]))?;
    Ok(Some(Source { file: name.into(), text }))
}

fn opened(path: &Path) -> Result<Folder, CatalogError> {
    Folder::open(path).map_err(|source| CatalogError::Folder { path: path.display().to_string(), source })
}

fn migration(source: Source, dialect: Dialect) -> Result<Migration, CatalogError> {
    let place = source.file.clone();
    let draft = Draft {
        identity: Identity { version: Version::new(0, 0, 0), sequence: 0, name: "declared_schema".to_owned() },
        number: None,
        numbering: Numbering::Sole,
        place: place.clone(),
        metadata: Metadata::default(),
        up: Some(source),
        backfill: None,
        down: None,
    };
    let (migrations, findings) =
        build::migrations(vec![draft], Cutting { dialect, opt_out: "", has_own_metadata: false, known: &Known::new() });
    let (mut faults, _) = by_weight(findings);
    if let Some(migration) = migrations.first() {
        faults.extend(outward(migration, dialect));
    }
    match migrations.into_iter().next() {
        Some(migration) if faults.is_empty() && !migration.up.statements.is_empty() => Ok(migration),
        Some(_) if faults.is_empty() => {
            let empty = Finding::critical("empty-script", &*place, "the declared schema holds no statement");
            Err(CatalogError::Faults(vec![empty.remedy("write what a fresh installation runs, or remove the file")]))
        }
        _ => Err(CatalogError::Faults(faults)),
    }
}

/// Statements that would be felt outside the database that is made for it.
fn outward(migration: &Migration, dialect: Dialect) -> impl Iterator<Item = Finding> {
    let out = migration.up.statements.iter().filter(move |statement| sql::leads_out(dialect, &statement.sql));
    out.map(|statement| {
        let message = "the statement leads out of the database that is made to run the declared schema in";
        Finding::critical("leads-out", format!("{}:{}", migration.up.file, statement.line), message)
            .remedy("leave it out, and name what belongs to the database without the database's name")
    })
}
