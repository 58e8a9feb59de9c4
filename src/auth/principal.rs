//! Who a token speaks for.

/// The level of an administrator; no other level is above it.
pub const ADMIN_LEVEL: i64 = 1;
/// The permission an administrator's token carries.
pub const ADMIN_PERMISSION: &str = "system";

/// Who a good token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its subject.
    pub subject: String,
    /// Its level; 0 for a token without one.
    pub level: i64,
    /// What it may do.
    pub permissions: Vec<String>,
}

impl Principal {
    /// Whether this is an administrator: exactly level 1, and exactly the permission `system`.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.level == ADMIN_LEVEL && self.permissions.iter().any(|permission| permission == ADMIN_PERMISSION)
    }
}
