//! `settings`: what holds, and why. Without secrets.

use std::io::{Write as _, stdout};

use clap::ArgMatches;
use serde::Serialize;

use super::{Failure, gather};
use crate::{
    cli::{ReportFormat, SettingsArgs},
    config::{Origin, Sources, settings},
};

/// In place of what is not to be read by everyone.
const HIDDEN: &str = "(hidden)";

#[derive(Serialize)]
struct Row {
    setting: String,
    /// None if nothing is set, and there is no default.
    value: Option<String>,
    origin: String,
}

pub(super) fn run(args: SettingsArgs, flags: &ArgMatches) -> Result<(), Failure> {
    let sources = gather(args.settings, flags)?;
    // All of it has to be usable: a list of what cannot be would only look like settings.
    let config = sources.check()?;
    let mut rows = rows(&sources, flags);
    for app in config.apps.keys() {
        rows.push(Row {
            setting: format!("apps.{app}.secret"),
            value: Some(HIDDEN.to_owned()),
            origin: "checked".to_owned(),
        });
    }
    match args.format {
        ReportFormat::Human => print_lines(&rows)?,
        ReportFormat::Json => writeln!(stdout(), "{}", serde_json::to_string(&rows)?)?,
    }
    Ok(())
}

fn rows(sources: &Sources, flags: &ArgMatches) -> Vec<Row> {
    let rows = settings().into_iter().map(|setting| {
        let (given, origin) = sources.text_of(&setting.key, flags);
        let value = given.or(setting.default);
        let is_url = ["database", "database_read_url", "nats_urls"].contains(&setting.key.as_str());
        Row {
            value: value.map(|value| {
                if is_url {
                    without_passwords(&value)
                } else {
                    value
                }
            }),
            setting: setting.key,
            origin: match origin {
                Origin::Default => "default".to_owned(),
                other => other.to_string(),
            },
        }
    });
    rows.collect()
}

/// Of one URL, or of several with commas between.
fn without_passwords(urls: &str) -> String {
    let shown: Vec<_> = urls.split(',').map(without_password).collect();
    shown.join(",")
}

/// Whatever stands before an `@` may be one; so may parameters.
fn without_password(url: &str) -> String {
    let plain = url.split('?').next().unwrap_or_default();
    match (plain.split_once("://"), plain.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://{HIDDEN}@{place}"),
        _ => plain.to_owned(),
    }
}

fn print_lines(rows: &[Row]) -> Result<(), Failure> {
    let width = rows.iter().map(|row| row.setting.len()).max().unwrap_or(0);
    let mut out = stdout().lock();
    for Row {
        setting,
        value,
        origin,
    } in rows
    {
        let value = value.as_deref().unwrap_or("-");
        writeln!(out, "{setting:width$}  {value}  ({origin})")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::without_passwords;

    #[test]
    fn passwords_are_hidden() {
        for (url, shown) in [
            ("sqlite:data/seqline.db", "sqlite:data/seqline.db"),
            ("postgres://u:p@h:1/d", "postgres://(hidden)@h:1/d"),
            ("postgres://u:p@q@h/d?password=x", "postgres://(hidden)@h/d"),
            ("postgresql:///d?host=/run&password=x", "postgresql:///d"),
        ] {
            assert_eq!(without_passwords(url), shown);
        }
        let several = "nats://u:p@a:1,tls://token@b:2,nats://c:3";
        let shown = "nats://(hidden)@a:1,tls://(hidden)@b:2,nats://c:3";
        assert_eq!(without_passwords(several), shown);
    }
}
