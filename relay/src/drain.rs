//! Stopping without losing anyone: tell all, finish what was begun, close in waves.

use std::{sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use crate::app::App;

/// How to stop.
#[derive(Debug, Clone, Copy)]
pub struct DrainRules {
    /// Time for all of it.
    pub time_ms: u64,
    /// Devices reconnect spread over so long.
    pub reconnect_window_ms: u32,
}

/// How many waves of closes.
const WAVES: usize = 10;

/// Ends all sessions. Returns when their tasks have ended, or the time is over.
pub async fn drain(app: &Arc<App>, rules: DrainRules) {
    app.draining.cancel();
    let sessions = app.hub.everyone();
    for session in &sessions {
        session.post_goaway(0, rules.reconnect_window_ms);
    }
    app.connections.close();
    let time = Duration::from_millis(rules.time_ms);
    let relay = Arc::clone(app);
    let close_in_waves = async move {
        let wave = sessions.len().div_ceil(WAVES).max(1);
        // Half of the time for the waves, the rest for what they leave under way.
        let pause = time / 2 / u32::try_from(WAVES).unwrap_or(1);
        for (index, session) in sessions.iter().enumerate() {
            if index > 0 && index % wave == 0 {
                sleep(pause).await;
            }
            session.post_drain();
        }
        // Those that came in while the others were told.
        for session in relay.hub.everyone() {
            session.post_drain();
        }
        relay.connections.wait().await;
    };
    if timeout(time, close_in_waves).await.is_err() {
        tracing::warn!(left = app.hub.len(), "drain time is over; leaving");
    }
}
