//! Tokens: who may ask for what. JSON Web Tokens by RFC 8725, each key with one algorithm that no token can choose.
//!
//! A token passes four gates: its shape (`token`), its key and signature (`keys`), its claims (`claims`), and then
//! [`Principal::is_admin`] says whether its bearer may act. The first three have one public answer.

mod claims;
mod deny;
mod error;
mod far;
mod jwks;
mod key;
mod keys;
mod own_secret;
mod principal;
mod ring;
mod token;

pub use self::{
    error::{AuthError, MintError, TokenError},
    keys::Keys,
    own_secret::fresh_secret,
    principal::{ADMIN_LEVEL, ADMIN_PERMISSION, Principal},
};
