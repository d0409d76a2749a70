//! Checking the whole audit log against its seals, its counters and the heads outside the database.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use data_encoding::HEXLOWER;
use evenkeel_domain::audit::{Finding, Walk, Witness};
use evenkeel_persistence::{Database, audit as store};

use super::seal::{Head, head_file, signed_part};
use crate::app::App;
use crate::app::secret::{Secrets, sha256};

/// Checks the whole audit log against its seals, its counters and the heads kept outside the database: in the file
/// beside it and, where one is given, in a copy of that kept elsewhere.
pub fn verify(app: &App, copy: Option<&Path>) -> Result<Verdict, String> {
    let mut witnesses = Witnesses { known: Vec::new(), forged: 0 };
    let mut are_kept = witnesses.add(app.secrets(), &head_file(app))?;
    if let Some(copy) = copy {
        if !witnesses.add(app.secrets(), copy)? {
            return Err(format!("{} does not exist", copy.display()));
        }
        are_kept = true;
    }
    let mut verdict = check(app.database(), &witnesses.known).map_err(|error| error.to_string())?;
    verdict.forged_heads = witnesses.forged;
    verdict.heads_are_gone = !are_kept && 0 < verdict.blocks;
    Ok(verdict)
}

/// What a check of the audit log came to.
pub struct Verdict {
    /// Entries read.
    pub entries: u64,
    /// Blocks read.
    pub blocks: u64,
    /// Blocks whose hash is also kept outside the database.
    pub witnessed: u64,
    /// What does not fit.
    pub findings: Vec<Finding>,
    /// Lines in the file of heads that this installation's key did not sign.
    pub forged_heads: usize,
    /// There are blocks, and no file that says what was sealed.
    pub heads_are_gone: bool,
}

impl Verdict {
    /// All that is wrong, a line each.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.findings.iter().map(ToString::to_string).collect();
        if self.forged_heads != 0 {
            let forged = self.forged_heads;
            faults.push(format!("{forged} heads outside the database were not signed by this key"));
        }
        if self.heads_are_gone {
            faults.push(
                "audit-heads.jsonl is gone: nothing outside the database says what was sealed; put it back \
                 or name a copy with --heads"
                    .to_owned(),
            );
        }
        faults
    }
}

struct Witnesses {
    known: Vec<Witness>,
    forged: usize,
}

impl Witnesses {
    /// Reads a file of heads; false if there is none.
    fn add(&mut self, secrets: &Secrets, path: &Path) -> Result<bool, String> {
        let mut text = String::new();
        match File::open(path).and_then(|mut file| file.read_to_string(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
        // Half a line at the end is one whose writer was killed; the next pass writes it anew.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            match witness(secrets, line) {
                Some(witness) => self.known.push(witness),
                None => self.forged += 1,
            }
        }
        Ok(true)
    }
}

fn witness(secrets: &Secrets, line: &str) -> Option<Witness> {
    let head: Head = serde_json::from_str(line).ok()?;
    let signature = HEXLOWER.decode(head.signature.as_bytes()).ok()?;
    let hash = HEXLOWER.decode(head.hash.as_bytes()).ok()?.try_into().ok()?;
    let ours = secrets.is_our_head(&signed_part(head.number, &head.hash), &signature);
    ours.then_some(Witness { number: head.number, hash })
}

fn check(database: &Database, known: &[Witness]) -> Result<Verdict, evenkeel_persistence::Error> {
    let known = known.to_vec();
    let numbers: BTreeSet<i64> = known.iter().map(|witness| witness.number).collect();
    // One read transaction, so that counters and entries are of the same moment.
    database.read_now(move |tx| {
        let mut walk = Walk::new(&known);
        let (mut entries, mut blocks, mut witnessed, mut reached, mut number) =
            (0u64, 0u64, 0u64, 0i64, 0i64);
        loop {
            let page = store::blocks(tx, number, 100)?;
            let Some(last) = page.last() else { break };
            number = last.number;
            for block in &page {
                let covered = store::after(tx, reached, block.last_id, i64::MAX)?;
                walk.block(block, &covered, sha256);
                entries += covered.len() as u64;
                blocks += 1;
                witnessed += u64::from(numbers.contains(&block.number));
                reached = reached.max(block.last_id);
            }
        }
        let rest = store::after(tx, reached, i64::MAX, i64::MAX)?;
        entries += rest.len() as u64;
        walk.unsealed(&rest);
        let findings = walk.findings(&store::heads(tx)?);
        Ok(Verdict { entries, blocks, witnessed, findings, forged_heads: 0, heads_are_gone: false })
    })
}
