//! Texts with a shape, as the API document tells it, in the dialect of ECMA-262, which `OpenAPI` asks for.
#![expect(dead_code, reason = "these types stand in the document only")]

use utoipa::ToSchema;

/// A semantic version (semver.org); its numbers fit 64 bits.
#[derive(ToSchema)]
#[schema(as = Version, example = "0.5.0", pattern = r"^(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,17})(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$")]
pub struct Version(String);

/// The digest of a plan: three words of hexadecimal digits.
#[derive(ToSchema)]
#[schema(as = PlanDigest, example = "5d0b8e4f1c2a3977-0a61c4be92d8f135-e7f0493ab8c21d66", pattern = "^[0-9a-f]{16}-[0-9a-f]{16}-[0-9a-f]{16}$")]
pub struct PlanDigest(String);

/// The digest of what would be lost: hexadecimal digits.
#[derive(ToSchema)]
#[schema(as = LossDigest, example = "5d0b8e4f1c2a39770a61c4be92d8f135", pattern = "^[0-9a-f]{32}$")]
pub struct LossDigest(String);

/// A ULID: 26 characters of Crockford's base 32, which leaves out I, L, O and U.
#[derive(ToSchema)]
#[schema(as = Ulid, example = "01J9Z3M8T6W1X0Y5V4Q2N7KCBD", pattern = "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$")]
pub struct Ulid(String);
