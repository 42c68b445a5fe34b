//! The rig file.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::path::Path;

/// One rig.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RigFile {
    /// Name, for the test names.
    pub name: String,
    /// Country of the exchange, ISO 3166 in small letters.
    #[serde(default = "us")]
    pub country: String,
    /// Line time per wall time. Emulated lines only.
    #[serde(default = "one")]
    pub speed: f64,
    /// Numbers that the rig's exchange offers.
    #[serde(default)]
    pub numbers: Numbers,
    /// The lines.
    #[serde(rename = "line")]
    pub lines: Vec<LineEntry>,
    /// Cases that are known to fail.
    #[serde(rename = "expected_failure", default)]
    pub expected_failures: Vec<ExpectedFailure>,
}

/// Numbers that the rig's exchange offers. A case whose number is missing is skipped.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// Is always busy.
    pub busy: Option<String>,
    /// Answers, then sends `digits`.
    pub sends_digits: Option<String>,
    /// What it sends.
    #[serde(default)]
    pub digits: String,
}

/// One line of the rig.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineEntry {
    /// Which device.
    pub selector: String,
    /// What the rig's other lines dial to ring it; without it nothing rings it.
    pub number: Option<String>,
    /// The number that caller identification gives for it; without it caller identification is not looked at.
    pub caller_id: Option<String>,
}

/// A case that is known to fail on a line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFailure {
    /// The line's selector.
    pub selector: String,
    /// The case.
    pub case: String,
    /// Why.
    pub reason: String,
}

fn us() -> String {
    "us".to_owned()
}

fn one() -> f64 {
    1.0
}

impl RigFile {
    /// Reads a rig file.
    ///
    /// # Errors
    /// When it cannot be read, is no rig, or expects failures of what it does not have.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no rig", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let rig: Self = toml::from_str(text)?;
        ensure!(!rig.lines.is_empty(), "a rig has at least one line");
        for expected in &rig.expected_failures {
            ensure!(
                rig.lines.iter().any(|line| line.selector == expected.selector),
                "a failure is expected of {}, which is no line of the rig",
                expected.selector
            );
            ensure!(
                crate::cases::ALL.iter().any(|case| case.name == expected.case),
                "a failure is expected of '{}', which is no case",
                expected.case
            );
        }
        Ok(rig)
    }

    /// Why a case is expected to fail on a line, if it is.
    pub fn expects_failure(&self, selector: &str, case: &str) -> Option<&str> {
        let expected = self.expected_failures.iter().find(|e| e.selector == selector && e.case == case)?;
        Some(&expected.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rig_in_the_repository_can_be_read() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("rigs");
        let mut rigs = 0;
        for entry in std::fs::read_dir(directory).unwrap() {
            RigFile::read(&entry.unwrap().path()).unwrap();
            rigs += 1;
        }
        assert!(rigs > 0);
    }

    #[test]
    fn mistakes_are_told() {
        let line = "[[line]]\nselector = \"emulated:0\"\n";
        let expected = |selector: &str, case: &str| {
            format!(
                "name = \"x\"\n{line}[[expected_failure]]\nselector = \"{selector}\"\ncase = \"{case}\"\nreason = \"y\"\n"
            )
        };
        assert!(RigFile::parse(&expected("emulated:0", "busy")).is_ok());
        for wrong in [
            "name = \"x\"\nline = []\n".to_owned(),
            format!("nam = \"x\"\n{line}"),
            expected("emulated:1", "busy"),
            expected("emulated:0", "bussy"),
        ] {
            assert!(RigFile::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
