//! What only one engine has to show.

pub mod mariadb;
