//! A command that is still at it.

use std::sync::{Arc, Mutex};

use tokio::{io::AsyncReadExt, process::Child, task::JoinHandle};

use super::ship::Called;

/// A command, and what it has said so far.
pub struct Begun {
    pub process: Child,
    said: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
}

impl Begun {
    pub fn of(mut process: Child) -> Self {
        let said = Arc::<Mutex<String>>::default();
        let mut stderr = process.stderr.take().expect("its standard error");
        let reading = tokio::spawn({
            let said = said.clone();
            async move {
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = stderr.read(&mut piece).await {
                    said.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..length]));
                }
            }
        });
        Self { process, said, reading }
    }

    /// What it has said so far on standard error.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// What came of it, and all that it said.
    pub async fn ended(self) -> (Called, String) {
        let called = Called::ended(self.process).await;
        self.reading.await.expect("all of it was read");
        let said = self.said.lock().unwrap().clone();
        (called, said)
    }
}
