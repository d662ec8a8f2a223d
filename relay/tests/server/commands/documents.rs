//! The documents say what the command line is.

use clap::CommandFactory as _;
use seqline_relay::{cli::Cli, config::settings};

use crate::support::table;

/// Names of documents become links, as `docs/x.md` is one in a terminal.
fn linked(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let Some((before, path)) = word.split_once("docs/") else {
            return word.to_owned();
        };
        let Some((name, after)) = path.split_once(".md") else {
            return word.to_owned();
        };
        format!("{before}[{name}.md]({name}.md){after}")
    });
    words.collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[test]
fn every_setting_is_documented() {
    let rows = settings().into_iter().map(|one| {
        let key = if one.key == "config" {
            "not in the file".to_owned()
        } else {
            format!("`{}`", one.key)
        };
        vec![
            key,
            format!("`{}`", one.flag),
            format!("`{}`", one.variable),
            one.default.as_deref().map_or("none".to_owned(), linked),
            linked(&one.meaning),
        ]
    });
    let columns = [
        "key of the file",
        "flag",
        "environment",
        "default",
        "meaning",
    ];
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 40);
    table::holds("configuration.md", "settings", &columns, &rows);
}

#[test]
fn every_command_is_documented_with_its_flags() {
    let mut known: Vec<_> = settings().into_iter().map(|one| one.key).collect();
    known.extend(["help", "version"].map(str::to_owned));
    let mut command = Cli::command();
    command.build();
    let own = command.get_subcommands();
    let rows = own.filter(|one| one.get_name() != "help").map(|one| {
        let flags = one.get_arguments().filter(|arg| {
            let id = arg.get_id().as_str();
            !known.iter().any(|key| key == id)
        });
        let flags = flags.map(|arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let default = arg.get_default_values().first();
            let default = default.and_then(|value| value.to_str());
            let default = default.map_or(String::new(), |value| format!(" [default: `{value}`]"));
            format!("`{}`: {help}{default}", arg.to_string().replace('|', "\\|"))
        });
        let flags = flags.collect::<Vec<_>>().join("<br>");
        let about = one.get_about().map(ToString::to_string).unwrap_or_default();
        let flags = if flags.is_empty() {
            "none of its own".to_owned()
        } else {
            flags
        };
        vec![format!("`{}`", one.get_name()), about, flags]
    });
    let columns = ["command", "does", "flags beside the settings"];
    table::holds(
        "command-line.md",
        "commands",
        &columns,
        &rows.collect::<Vec<_>>(),
    );
}
