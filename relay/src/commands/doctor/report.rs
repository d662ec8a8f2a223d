//! What was found, for people and for programs.

use std::io::{self, Write as _, stdout};

use serde::Serialize;

use crate::cli::ReportFormat;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    finding: String,
    /// What to do.
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    /// It runs like this; something is better changed.
    Warning,
    /// It will not run, or not keep what it promises.
    Failed,
    /// Cannot be looked at here.
    Skipped,
}

impl Report {
    pub(super) fn ok(&mut self, check: &'static str, finding: impl Into<String>) {
        self.add(check, Verdict::Ok, finding.into(), None);
    }

    pub(super) fn warning(
        &mut self,
        check: &'static str,
        finding: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(check, Verdict::Warning, finding.into(), Some(advice.into()));
    }

    pub(super) fn failed(
        &mut self,
        check: &'static str,
        finding: impl Into<String>,
        advice: impl Into<String>,
    ) {
        self.add(check, Verdict::Failed, finding.into(), Some(advice.into()));
    }

    pub(super) fn skipped(&mut self, check: &'static str, finding: impl Into<String>) {
        self.add(check, Verdict::Skipped, finding.into(), None);
    }

    /// Whether a relay would run, and keep what it promises.
    pub(super) fn is_well(&self) -> bool {
        self.count(Verdict::Failed) == 0
    }

    pub(super) fn print(&self, format: ReportFormat) -> io::Result<()> {
        match format {
            ReportFormat::Human => self.print_lines(),
            ReportFormat::Json => self.print_json(),
        }
    }

    fn add(
        &mut self,
        check: &'static str,
        verdict: Verdict,
        finding: String,
        advice: Option<String>,
    ) {
        self.findings.push(Finding {
            check,
            verdict,
            finding,
            advice,
        });
    }

    fn count(&self, verdict: Verdict) -> usize {
        let found = self.findings.iter();
        found.filter(|one| one.verdict == verdict).count()
    }

    fn print_lines(&self) -> io::Result<()> {
        let mut out = stdout().lock();
        for one in &self.findings {
            let verdict = match one.verdict {
                Verdict::Ok => "ok",
                Verdict::Warning => "WARNING",
                Verdict::Failed => "FAILED",
                Verdict::Skipped => "-",
            };
            writeln!(out, "{verdict:8} {:11} {}", one.check, one.finding)?;
            if let Some(advice) = &one.advice {
                writeln!(out, "{:20} → {advice}", "")?;
            }
        }
        let (failed, warnings) = (self.count(Verdict::Failed), self.count(Verdict::Warning));
        let verdict = if failed > 0 {
            "a relay would not run well like this"
        } else if warnings > 0 {
            "a relay runs like this; see the warnings"
        } else {
            "all is well"
        };
        writeln!(out, "\n{verdict} ({failed} failed, {warnings} warnings)")
    }

    fn print_json(&self) -> io::Result<()> {
        let report = serde_json::json!({
            "is_well": self.is_well(),
            "checks": self.findings,
        });
        writeln!(stdout(), "{report}")
    }
}
