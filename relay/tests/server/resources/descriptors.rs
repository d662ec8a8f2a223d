//! Open files of the relay's process.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use crate::support::{Client, PATIENCE, Process};

const CLIENTS: usize = 100;
/// What the database opens when it is first needed.
const DATABASE_FILES: usize = 12;

#[tokio::test]
async fn are_given_back_when_all_clients_have_gone_however_they_went() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Process::serve(folder.path());
    let before = relay.descriptors();
    for round in 0..3 {
        let url = relay.url();
        let open = (0..CLIENTS).map(|n| {
            let (relay, url) = (&relay, &url);
            async move {
                let token = relay.dev_token(&format!("user-{n}")).await;
                let mut client = Client::dial(url).await;
                client.hello(&token, "phone", None).await;
                client
            }
        });
        let mut clients = join_all(open).await;
        assert!(relay.descriptors() >= before + CLIENTS);
        for client in clients.iter_mut().take(CLIENTS * round / 2) {
            client.socket.close(None).await.unwrap();
        }
        drop(clients);
        let all_are_back = async {
            // The kernel says nothing when a process closes a file: it has to be asked.
            while relay.descriptors() > before + DATABASE_FILES {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let is_back = timeout(PATIENCE, all_are_back).await;
        assert!(
            is_back.is_ok(),
            "{before} before, {} after",
            relay.descriptors()
        );
    }
}
