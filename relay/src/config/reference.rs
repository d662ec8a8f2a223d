//! Every setting as people are told of it: made from the command line's description, so that help,
//! documentation and `settings` cannot differ.

use clap::{Arg, Args as _, Command};

use super::Settings;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key in the file. That of the file itself is none there.
    pub key: String,
    /// Its flag, with what it takes.
    pub flag: String,
    /// Its environment variable.
    pub variable: String,
    /// What holds if it is not set, in words where it depends.
    pub default: Option<String>,
    /// What it is for.
    pub meaning: String,
}

/// All of them, in the order of the help.
#[must_use]
pub fn settings() -> Vec<Setting> {
    let command = Settings::augment_args(Command::new("settings"));
    let args = command.get_arguments();
    args.filter_map(setting).collect()
}

fn setting(arg: &Arg) -> Option<Setting> {
    let long = arg.get_long()?;
    let help = arg.get_long_help().or(arg.get_help())?.to_string();
    let (meaning, default) = split(&help);
    Some(Setting {
        key: arg.get_id().to_string(),
        flag: flag(arg, long),
        variable: arg.get_env()?.to_str()?.to_owned(),
        default,
        meaning,
    })
}

fn flag(arg: &Arg, long: &str) -> String {
    let values = arg.get_value_names().unwrap_or_default().join(" ");
    let is_optional = arg
        .get_num_args()
        .is_some_and(|count| count.min_values() == 0);
    if is_optional {
        format!("--{long}[={values}]")
    } else {
        format!("--{long} {values}")
    }
}

/// The text without `[default: …]`, and what stands in there.
fn split(help: &str) -> (String, Option<String>) {
    let plain = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((before, rest)) = plain.split_once("[default: ") else {
        return (plain, None);
    };
    let Some((default, after)) = rest.split_once(']') else {
        return (plain, None);
    };
    let meaning = [before.trim(), after.trim()].join(" ");
    (meaning.trim().to_owned(), Some(default.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_told_whole() {
        let all = settings();
        let of = |key: &str| all.iter().find(|one| one.key == key).unwrap().clone();
        let listen = of("listen");
        assert_eq!(listen.flag, "--listen IP:PORT");
        assert_eq!(listen.variable, "SEQLINE_LISTEN");
        assert_eq!(listen.default.as_deref(), Some("127.0.0.1:7340"));
        assert!(!listen.meaning.contains("default"), "{}", listen.meaning);
        assert_eq!(of("dev").flag, "--dev[=BOOL]");
        assert_eq!(of("app").default, None);
    }
}
