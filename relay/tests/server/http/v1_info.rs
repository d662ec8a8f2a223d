use seqline_protocol::{VERSION, VERSION_MIN};

use crate::support::{Relay, Wish};

#[tokio::test]
async fn says_what_it_is() {
    for is_dev in [false, true] {
        let relay = Relay::start_with(Wish {
            is_dev,
            ..Wish::default()
        })
        .await;
        let info = relay.get("/v1/info").await.json();
        assert_eq!(info["name"], "seqline-relay");
        assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(info["dev"], is_dev);
        assert_eq!(info["protocol"]["version"], VERSION);
        assert_eq!(info["protocol"]["version_min"], VERSION_MIN);
    }
}
