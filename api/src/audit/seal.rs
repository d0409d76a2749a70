//! Sealing, and the heads that are kept outside the database.

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

/// How many entries a block seals at most.
const BLOCK: i64 = 1000;

/// A block's hash, kept outside the database, where whoever can rewrite the audit log may not reach.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) number: i64,
    pub(super) hash: String,
    sealed_at: Moment,
    /// Ed25519, over number and hash.
    pub(super) signature: String,
}

pub(super) fn head_file(app: &App) -> PathBuf {
    app.config().data.join("audit-heads.jsonl")
}

pub(super) fn signed_part(number: i64, hash: &str) -> Vec<u8> {
    format!("evenkeel audit head {number} {hash}").into_bytes()
}

/// Seals what the audit log has grown by, and keeps each block's signed hash beside the database. Returns how
/// many blocks were made.
pub async fn seal(app: &App) -> Result<usize, Problem> {
    // A pass that was killed between a block's commit and its head left the head out.
    keep_heads(app).await?;
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
        keep_heads(app).await?;
        sealed += 1;
    }
}

/// Keeps the heads of the blocks after the last one that is kept. Where none is, only the latest block's: a file
/// that was lost is not made up again, or its loss would not be noticed.
async fn keep_heads(app: &App) -> Result<(), Problem> {
    loop {
        let last = last_kept(&head_file(app)).map_err(Problem::internal)?;
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
        append_heads(&head_file(app), &lines).map_err(Problem::internal)?;
    }
}

fn append_heads(path: &Path, lines: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.lock()?;
    file.write_all(lines)?;
    file.sync_data()
}

/// The number of the last head in the file, if there is one. Half a line, whose writer was killed, is taken away.
fn last_kept(path: &Path) -> std::io::Result<Option<i64>> {
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
    /// Seals what the audit log has grown by; see [`seal`].
    pub async fn seal_audit_log(&self) -> Result<usize, Problem> {
        seal(self).await
    }
}
