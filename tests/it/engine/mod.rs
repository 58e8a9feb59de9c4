<<<<<<< HEAD

mod contract;
mod postgres;
mod sqlite;
pub mod mariadb;
