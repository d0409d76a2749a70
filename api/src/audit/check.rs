//! Checks the whole audit log against its seals, its counters and the signed hashes outside the database.

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

/// Checks the whole audit log against its seals, its counters and the signed hashes in `audit-heads.jsonl`. `copy` is
/// a copy of that file from elsewhere, to compare with as well.
pub fn verify(app: &App, copy: Option<&Path>) -> Result<Verdict, String> {
    let mut witnesses = Witnesses { known: Vec::new(), forged: 0 };
    let mut has_heads = witnesses.add(app.secrets(), &head_file(app))?;
    if let Some(copy) = copy {
        if !witnesses.add(app.secrets(), copy)? {
            return Err(format!("{} does not exist", copy.display()));
        }
        has_heads = true;
    }
    let mut verdict = check(app.database(), &witnesses.known).map_err(|error| error.to_string())?;
    verdict.forged_heads = witnesses.forged;
    verdict.heads_missing = !has_heads && 0 < verdict.blocks;
    Ok(verdict)
}

/// The result of checking the audit log.
pub struct Verdict {
    /// Entries read.
    pub entries: u64,
    /// Blocks read.
    pub blocks: u64,
    /// Blocks whose hash is also in a file outside the database.
    pub witnessed: u64,
    /// Changes found.
    pub findings: Vec<Finding>,
    /// Lines of the files that this installation's key did not sign.
    pub forged_heads: usize,
    /// There are blocks, but no file with their hashes.
    pub heads_missing: bool,
}

impl Verdict {
    /// All that is wrong, one line each.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.findings.iter().map(ToString::to_string).collect();
        if self.forged_heads != 0 {
            let forged = self.forged_heads;
            faults.push(format!(
                "{forged} lines of audit-heads.jsonl were not signed by this installation's key"
            ));
        }
        if self.heads_missing {
            faults.push(
                "audit-heads.jsonl is missing, so the sealed blocks cannot be compared with it; restore it, or name \
                 a copy with --heads"
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
    /// Reads a file of signed hashes. False if it does not exist.
    fn add(&mut self, secrets: &Secrets, path: &Path) -> Result<bool, String> {
        let mut text = String::new();
        match File::open(path).and_then(|mut file| file.read_to_string(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
        // An incomplete last line comes from a writer that was killed. The next sealing pass writes it again.
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
    // One read transaction, so that counters and entries fit together.
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
        Ok(Verdict { entries, blocks, witnessed, findings, forged_heads: 0, heads_missing: false })
    })
}
