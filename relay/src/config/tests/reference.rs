//! The reference in docs/configuration.md names every setting.

use super::*;

#[test]
fn every_setting_is_in_the_reference_with_its_three_names() {
    let reference = include_str!("../../../../docs/configuration.md");
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    for arg in serve.get_arguments() {
        let Some(env) = arg.get_env().and_then(|env| env.to_str()) else {
            continue;
        };
        let flag = format!("`--{}", arg.get_long().unwrap());
        let row = reference
            .lines()
            .find(|line| line.contains(&format!("`{env}`")))
            .unwrap_or_else(|| panic!("{env} is not in docs/configuration.md"));
        assert!(row.contains(&flag), "{flag}: {row}");
        let key = arg.get_id().as_str();
        assert!(
            key == "config" || row.starts_with(&format!("| `{key}` |")),
            "{key}: {row}"
        );
    }
}

#[test]
fn every_setting_of_an_app_is_in_the_reference() {
    let reference = include_str!("../../../../docs/configuration.md");
    // An unknown key is refused with the list of all that there are.
    let text = complaint(&[], "[apps.one]\nno_such_key = 1", None);
    let keys: Vec<_> = text.split('`').skip(3).step_by(2).collect();
    assert!(keys.contains(&"check_default"), "{text}");
    for key in keys {
        assert!(reference.contains(&format!("\n| `{key}` |")), "{key}");
    }
}
