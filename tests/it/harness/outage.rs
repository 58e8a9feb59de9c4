//! A database that cannot be reached for a while.

use std::{fs, path::PathBuf};

use super::{database::On, proxy::Proxy, ship::Ship};

/// Something between windlass and its database, for every process that is started from now on: the way to the server is cut;
/// `SQLite` finds a folder where its file should be.
pub enum Outage {
    Folder(PathBuf),
    Proxy(Proxy),
}

impl Outage {
    pub async fn begins(ship: &mut Ship) -> Self {
        if ship.on == On::Sqlite {
            let folder = ship.folder().join("app.db");
            fs::create_dir(&folder).expect("a folder in the way");
            return Self::Folder(folder);
        }
        let (proxy, url) = way_to(ship).await;
        proxy.cut();
        ship.set("target.url", &url);
        Self::Proxy(proxy)
    }

    /// The database can be reached again, for as long as what is given back is kept.
    pub fn ends(self) -> Option<Proxy> {
        match self {
            Self::Folder(folder) => {
                fs::remove_dir(folder).expect("out of the way");
                None
            }
            Self::Proxy(proxy) => {
                proxy.mend();
                Some(proxy)
            }
        }
    }
}

/// A way to the ship's server that can be cut, and the database's address by it.
pub async fn way_to(ship: &Ship) -> (Proxy, String) {
    way_for(&ship.database.url).await
}

/// The same for an address, of whichever account.
pub async fn way_for(url: &str) -> (Proxy, String) {
    let (before, rest) = url.split_once("127.0.0.1:").expect("a local server");
    let (port, path) = rest.split_once('/').expect("a database");
    let proxy = Proxy::to(format!("127.0.0.1:{port}")).await;
    let url = format!("{before}{}/{path}", proxy.address);
    (proxy, url)
}
