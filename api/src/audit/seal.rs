//! Seals the audit log in blocks, and appends their signed hashes to a file outside the database.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use evenkeel_domain::audit;
use evenkeel_domain::value::Moment;
use evenkeel_persistence::audit as store;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::app::problem::Problem;
use crate::app::secret::sha256;

/// The most entries in a block.
const BLOCK: i64 = 1000;

/// The signed hash of a block, in a file that somebody who can change the database may not be able to change.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) number: i64,
    pub(super) hash: String,
    sealed_at: Moment,
    /// Ed25519 signature of number and hash.
    pub(super) signature: String,
}

pub(super) fn head_file(app: &App) -> PathBuf {
    app.config().data.join("audit-heads.jsonl")
}

pub(super) fn signed_part(number: i64, hash: &str) -> Vec<u8> {
    format!("evenkeel audit head {number} {hash}").into_bytes()
}

/// Seals the new entries of the audit log, and appends the signed hash of each block to the file. Returns the number
/// of new blocks.
pub async fn seal(app: &App) -> Result<usize, Problem> {
    // Appends first what an earlier pass left out because it was killed after a block's commit.
    append_heads(app).await?;
    let settled = app.write(|tx| Ok(store::settled(tx)?)).await?;
    let mut sealed = 0;
    loop {
        let now = app.now();
        let block = app
            .write(move |tx| {
                let last = store::last_block(tx)?;
                let entries =
                    store::after(tx, last.as_ref().map_or(0, |block| block.last_id), settled, BLOCK)?;
                let block = audit::seal(last.as_ref(), &entries, sha256, now);
                if let Some(block) = &block {
                    store::add_block(tx, block)?;
                }
                Ok(block)
            })
            .await?;
        if block.is_none() {
            return Ok(sealed);
        }
        append_heads(app).await?;
        sealed += 1;
    }
}

/// Appends the signed hashes of the blocks that are not in the file yet. If there is no file, it appends only the
/// latest block's: recreating a lost file would hide that it was lost.
async fn append_heads(app: &App) -> Result<(), Problem> {
    loop {
        let last = last_in_file(&head_file(app)).map_err(Problem::internal)?;
        let blocks = app.read(move |tx| {
            let latest = || Ok::<_, Problem>(store::last_block(tx)?.map_or(0, |block| block.number - 1));
            let after = last.map_or_else(latest, Ok)?;
            Ok(store::blocks(tx, after, 100)?)
        });
        let blocks = blocks.await?;
        if blocks.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for block in &blocks {
            let hash = HEXLOWER.encode(&block.hash);
            let signature = app.secrets().sign_head(&signed_part(block.number, &hash))?;
            let (number, sealed_at) = (block.number, block.sealed_at);
            let head = Head { number, hash, sealed_at, signature: HEXLOWER.encode(&signature) };
            serde_json::to_writer(&mut lines, &head).map_err(Problem::internal)?;
            lines.push(b'\n');
        }
        append(&head_file(app), &lines).map_err(Problem::internal)?;
    }
}

fn append(path: &Path, lines: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.lock()?;
    file.write_all(lines)?;
    file.sync_data()
}

/// The number of the last block in the file, if there is one. Removes an incomplete last line from a writer that was
/// killed.
fn last_in_file(path: &Path) -> std::io::Result<Option<i64>> {
    const LONGEST: u64 = 4096;
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.lock()?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LONGEST);
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(&mut end)?;
    let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    if whole < end.len() {
        file.set_len(from + whole as u64)?;
    }
    let mut lines = end[..whole].split(|byte| *byte == b'\n').rev().filter(|line| !line.is_empty());
    Ok(lines.next().and_then(|line| serde_json::from_slice::<Head>(line).ok()).map(|head| head.number))
}

impl App {
    /// Seals the new entries of the audit log; see [`seal`].
    pub async fn seal_audit_log(&self) -> Result<usize, Problem> {
        seal(self).await
    }
}
