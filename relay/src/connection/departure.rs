//! That a device has gone is noted, whatever becomes of its connection's task.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    store::{Disconnected, Op, StoreError},
    writer::{Full, Lane, WriterQueue},
};

/// Between attempts to note that a device has gone, while storage fails.
const NOTE_PAUSE: Duration = Duration::from_secs(2);

/// No one waits for it; a writer that is full gets it as soon as it has room. There are
/// never more that wait than there were connections.
pub(super) fn note_disconnected(app: &Arc<App>, device: Disconnected) {
    let op = Op::Disconnected(device);
    if app.rules.is_shared {
        let (writer, draining) = (app.writer.clone(), app.draining.clone());
        app.connections.spawn(note_at_last(writer, op, draining));
        return;
    }
    let lane = Lane::new(Arc::default());
    if let Err(Full::Full(op)) = app.writer.try_submit(op, &lane) {
        let writer = app.writer.clone();
        app.connections
            .spawn(async move { writer.submit(op, lane).await });
    }
}

/// Until it is noted, other relays take the device to be connected here.
async fn note_at_last(writer: WriterQueue, op: Op, draining: CancellationToken) {
    loop {
        match writer.commit(op.clone()).await {
            Ok(_) | Err(StoreError::Corrupt(_)) => return,
            Err(_) if writer.is_closed() => return,
            Err(_) => {}
        }
        tokio::select! {
            biased;
            () = draining.cancelled() => return,
            () = sleep(NOTE_PAUSE) => {}
        }
    }
}
