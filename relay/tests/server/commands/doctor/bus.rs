use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    thread,
};

use serde_json::Value;

use super::{DOCTOR, found, report};
use crate::{
    postgres_server::database,
    support::{Nats, run},
};

/// What is found of the bus, with these flags.
fn bus(flags: &[&str]) -> Value {
    let own = ["--dev", "--listen", "127.0.0.1:0"];
    report(&run(&[&DOCTOR[..], &own, flags].concat(), &[]))
}

/// A server that has all that is asked for, but no notification ever arrives: what a pooler that
/// hands each transaction another session makes of `LISTEN`.
fn deaf(url: &str) -> String {
    let (before, folder) = url.split_once("?host=").unwrap();
    let (_, name) = before.rsplit_once('/').unwrap();
    let socket = PathBuf::from(folder).join(".s.PGSQL.5432");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = UnixStream::connect(&socket).unwrap();
            let (mut from_client, mut to_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                let _ = io::copy(&mut from_client, &mut to_server);
                let _ = to_server.shutdown(Shutdown::Both);
            });
            thread::spawn(move || pass_all_but_notifications(server, client));
        }
    });
    format!("postgres://postgres@{address}/{name}?sslmode=disable")
}

/// What a server says is a letter, a length that counts itself, and so many bytes.
fn pass_all_but_notifications(mut server: UnixStream, mut client: TcpStream) -> Option<()> {
    let mut head = [0; 5];
    loop {
        server.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes(head[1..].try_into().unwrap()) - 4;
        let mut rest = vec![0; usize::try_from(length).unwrap()];
        server.read_exact(&mut rest).ok()?;
        if head[0] != b'A' {
            client.write_all(&[&head[..], &rest].concat()).ok()?;
        }
    }
}

#[tokio::test]
async fn over_the_database_what_is_said_has_to_be_heard() {
    let url = database().await;
    let report = bus(&["--database", &url]);
    assert_eq!(found(&report, "bus")[0].0, "ok", "{report}");

    let report = bus(&["--database", &deaf(&url)]);
    assert_eq!(found(&report, "database")[0].0, "ok", "{report}");
    let (verdict, finding) = found(&report, "bus")[0];
    assert_eq!(verdict, "failed");
    assert!(finding.contains("not heard"), "{finding}");
    assert!(report.to_string().contains("pool_mode = session"));

    let report = bus(&["--database", &url, "--bus", "none"]);
    assert_eq!(found(&report, "bus")[0].0, "ok", "{report}");
}

#[tokio::test]
async fn each_server_of_nats_is_looked_at() {
    let url = database().await;
    let folder = tempfile::tempdir().unwrap();
    let on = |servers: &str| bus(&["--database", &url, "--nats-urls", servers]);
    let nats = Nats::start();
    let well = on(&nats.address());
    let (verdict, finding) = found(&well, "bus")[0];
    assert_eq!(verdict, "ok", "{well}");
    assert!(finding.contains("NATS 2."), "{finding}");

    // One that is away is made up for by the others.
    let one_away = on(&format!("127.0.0.1:1,{}", nats.address()));
    let verdicts: Vec<_> = found(&one_away, "bus").iter().map(|row| row.0).collect();
    assert_eq!(verdicts, ["warning", "ok"], "{one_away}");
    let all_away = on("127.0.0.1:1");
    assert_eq!(found(&all_away, "bus")[0].0, "failed");

    // Two that do not know each other are no cluster.
    let other = Nats::start();
    let apart = on(&format!("{},{}", nats.address(), other.address()));
    let rows = found(&apart, "bus");
    assert_eq!(rows[0].0, "ok", "{apart}");
    assert_eq!(rows[1].0, "failed", "{apart}");
    assert!(rows[1].1.contains("not heard"));

    let users = folder.path().join("nats.conf");
    fs::write(
        &users,
        r#"authorization { users = [
            { user: relay, password: sesame },
            { user: deaf, password: sesame, permissions: { publish: ">", subscribe: "other.>" } },
            { user: mute, password: sesame, permissions: { publish: "other.>", subscribe: ">" } },
        ] }"#,
    )
    .unwrap();
    let guarded = Nats::start_with(&["-c", users.to_str().unwrap()]);
    for (user, verdict, advice) in [
        ("relay:sesame", "ok", ""),
        ("relay:wrong", "failed", "user and password"),
        ("deaf:sesame", "failed", "publish and subscribe"),
        ("mute:sesame", "failed", "publish and subscribe"),
    ] {
        let report = on(&format!("nats://{user}@{}", guarded.address()));
        assert_eq!(found(&report, "bus")[0].0, verdict, "{user}: {report}");
        let text = report.to_string();
        assert!(text.contains(advice) && !text.contains("sesame"), "{text}");
    }
}
