use super::{code, stdout};
use crate::support::run;

#[test]
fn every_shell_gets_its_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell], &[]);
        assert_eq!(code(&output), 0, "{shell}");
        for word in ["doctor", "--sync-ttl", "migrate"] {
            let word = if shell == "fish" {
                word.trim_start_matches('-')
            } else {
                word
            };
            assert!(stdout(&output).contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(code(&run(&["completions", "none"], &[])), 2);
}
