//! The published layout and values, against tables of facts: every structure, member, size by version and constant.

use loopstart::provider::LineErr;
use loopstart::tspi::consts::GROUPS;
use loopstart::tspi::types::STRUCTURES;
use std::collections::{BTreeMap, BTreeSet};

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|l| !l.starts_with('#')).map(|l| l.split('\t').collect())
}

fn version(name: &str) -> u32 {
    let (major, minor) = name.split_once('.').unwrap();
    major.parse::<u32>().unwrap() << 16 | minor.parse::<u32>().unwrap()
}

#[test]
fn structures() {
    let mut named = BTreeSet::new();
    let mut fields = 0;
    for row in rows(include_str!("data/layout.tsv")) {
        let structure =
            *STRUCTURES.iter().find(|s| s.name == row[1]).unwrap_or_else(|| panic!("{} is missing", row[1]));
        match row[0] {
            "struct" => {
                named.insert(row[1]);
                assert_eq!(structure.size.to_string(), row[2], "{}", row[1]);
                assert_eq!(structure.packed, row[3] == "packed", "{}", row[1]);
                // A version that is not listed has the size of the one before.
                let mut sizes = row[4].split(',').map(|s| s.split_once('=').unwrap()).peekable();
                let mut size = 0;
                for name in ["1.3", "1.4", "2.0", "2.1", "2.2", "3.0", "3.1"] {
                    if let Some((_, bytes)) = sizes.next_if(|s| s.0 == name) {
                        size = bytes.parse().unwrap();
                    }
                    assert_eq!(structure.fixed_size(version(name)), size, "{} in {name}", row[1]);
                }
                assert_eq!(sizes.next(), None);
            }
            "field" => {
                let field = structure.fields.iter().find(|f| f.name == row[2]);
                let field = field.unwrap_or_else(|| panic!("{}.{} is missing", row[1], row[2]));
                assert_eq!(
                    (field.offset.to_string(), field.size.to_string()),
                    (row[3].into(), row[4].into()),
                    "{row:?}"
                );
                fields += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(named, STRUCTURES.iter().map(|s| s.name).collect());
    assert_eq!(fields, STRUCTURES.iter().map(|s| s.fields.len()).sum::<usize>(), "no members but the published ones");
}

#[test]
fn constants() {
    let ours = GROUPS.iter().flat_map(|g| g.constants).copied();
    let errors = LineErr::ALL.iter().map(|(error, name, _)| (*name, error.code() as u32));
    let ours: BTreeMap<&str, u32> = ours.chain(errors).collect();
    let published: BTreeMap<&str, u32> = rows(include_str!("data/constants.tsv"))
        .map(|row| (row[0], u32::from_str_radix(row[1].strip_prefix("0x").unwrap(), 16).unwrap()))
        .collect();
    assert!(published.len() > 400);
    assert_eq!(ours, published);
}

/// What the compilers make of the headers, for every version a host may ask them for, without a warning.
#[test]
fn the_headers_say_the_same() {
    let languages = [("cc", "c", "-std=c11", "_Static_assert"), ("c++", "cpp", "-std=c++17", "static_assert")];
    let dir = tempfile::tempdir().unwrap();
    for (compiler, suffix, standard, claim) in languages {
        for name in ["2.0", "2.1", "2.2", "3.0", "3.1"] {
            let file = dir.path().join(format!("layout.{suffix}"));
            std::fs::write(&file, claims(version(name), claim)).unwrap();
            let include = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
            let check = std::process::Command::new(compiler)
                .args([standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
                .args([&include, &file])
                .output();
            match check {
                Err(error) => {
                    aloud(&format!("SKIPPED: no compiler {compiler} ({error})"));
                    break;
                }
                Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
            }
        }
    }
}

/// A program that claims what the tables say of a version.
fn claims(version: u32, claim: &str) -> String {
    let mut program =
        format!("#define TAPI_CURRENT_VERSION {version:#010x}\n#include <stddef.h>\n#include \"tspi.h\"\n");
    for structure in STRUCTURES {
        let size = structure.fixed_size(version);
        program += &format!("{claim}(sizeof({}) == {size}, \"size of {0}\");\n", structure.name);
        for field in structure.fields.iter().filter(|f| f.since <= version) {
            program +=
                &format!("{claim}(offsetof({}, {}) == {}, \"{0}.{1}\");\n", structure.name, field.name, field.offset);
        }
    }
    for (constant, value) in GROUPS.iter().flat_map(|g| g.constants) {
        program += &format!("{claim}({constant} == {value}u, \"{constant}\");\n");
    }
    program
}

/// Says it past the test runner, which hides what passing tests print.
fn aloud(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
