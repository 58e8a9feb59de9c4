//! Whole numbers in a body.

use serde::{Deserialize, Deserializer, de::Error};

/// A whole number, or none. `5.0` is one too: JSON knows one kind of number (RFC 8259, section 6), and JSON Schema takes it for an
/// integer.
///
/// # Errors
/// A number with a fraction, below 0, or beyond 32 bits.
pub fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<f64>::deserialize(from)? else { return Ok(None) };
    if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return Err(D::Error::custom(format!("{number} is no whole number from 0 to {}", u32::MAX)));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and within the bounds")]
    let whole = number as u32;
    Ok(Some(whole))
}
