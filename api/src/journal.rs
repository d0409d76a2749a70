//! The journal: noting, reading, sealing and checking who did or saw what.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path as FilePath, PathBuf};

use actix_web::get;
use actix_web::web::Data;
use data_encoding::HEXLOWER;
use evenkeel_domain::access::{self, Actor, Grant, Relation};
use evenkeel_domain::account::DisplayName;
use evenkeel_domain::journal::{self, Act, Entry, EntryOutcome, Finding, Room, Walk, Witness};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Database, Tx, journal as store};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::caller::{Caller, Whose};
use crate::page::{Before, Limit};
use crate::problem::{Denied, Problem};
use crate::secret::{Secrets, sha256};

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_journal);
}

/// Notes what an actor did to or saw of a participant's record.
pub fn note(
    tx: &mut Tx,
    grant: &Grant,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    append(tx, grant.participant().into(), Some(grant.actor()), act, room, entity, request, now)
}

/// Notes what an actor did that is about no participant's record, in the actor's own stream.
pub fn note_own(
    tx: &mut Tx,
    actor: &Actor,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    append(tx, actor.account.into(), Some(actor), act, room, entity, request, now)
}

/// Notes what an actor saw of a participant beside others, as in a caseload.
pub fn note_seen(
    tx: &mut Tx,
    actor: &Actor,
    participant: Uuid,
    room: Room,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    append(tx, participant, Some(actor), Act::Read, room, None, request, now)
}

/// Notes what happened without anybody signed in: a mail that went out, a reminder turned off by its link.
pub fn note_house(
    tx: &mut Tx,
    stream: Uuid,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    append(tx, stream, None, act, room, entity, request, now)
}

/// Notes that somebody not signed in was refused something about an account or an invitation.
pub fn note_refused(
    tx: &mut Tx,
    stream: Uuid,
    act: Act,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    let entry =
        Entry { outcome: EntryOutcome::Refused, ..entry(None, act, Room::Account, entity, request, now) };
    store::append(tx, stream, &entry)?;
    Ok(())
}

/// Whether this refusal of somebody not signed in stands in a stream since an hour.
pub fn is_refusal_told(tx: &mut Tx, stream: Uuid, act: Act, now: Moment) -> Result<bool, Problem> {
    Ok(store::is_told_of_refusal(tx, stream, None, Room::Account, Some(act), now.plus(-REFUSALS))?)
}

/// How long a refusal stands for those like it, so that nobody fills a journal by being refused.
const REFUSALS: SignedDuration = SignedDuration::from_hours(1);

/// Notes that somebody of the organisation was kept from a participant's record, once an hour for each room.
pub fn note_denied(tx: &mut Tx, denied: &Denied, now: Moment) -> Result<(), Problem> {
    let (act, room) = match denied.act {
        access::Act::RecordCraving => (Act::Record, Room::Craving),
        access::Act::ReadCravings => (Act::Read, Room::Craving),
        access::Act::ReadTrend => (Act::Read, Room::Trend),
        access::Act::ReadReminders => (Act::Read, Room::Reminder),
        access::Act::ChangeReminders => (Act::Change, Room::Reminder),
        access::Act::ReadJournal => (Act::Read, Room::Journal),
        access::Act::RecordPractice => (Act::Record, Room::Coping),
        access::Act::AssignSkill => (Act::Assign, Room::Coping),
        access::Act::ReadPractice => (Act::Read, Room::Coping),
        access::Act::ChooseSkills | access::Act::NoteCautions => (Act::Change, Room::Coping),
        access::Act::AnswerCheckIn => (Act::Record, Room::CheckIn),
        access::Act::ReadCheckIns => (Act::Read, Room::CheckIn),
        access::Act::ReportLapse => (Act::Record, Room::Recovery),
        access::Act::ReadRecovery => (Act::Read, Room::Recovery),
        access::Act::AcknowledgeLapse => (Act::Acknowledge, Room::Recovery),
        access::Act::ReadPlan => (Act::Read, Room::Plan),
        access::Act::ChangePlan => (Act::Change, Room::Plan),
        access::Act::SignPlan => (Act::Sign, Room::Plan),
        access::Act::ReadCare => (Act::Read, Room::Program),
        access::Act::ChangeCare => (Act::Record, Room::Program),
        access::Act::ChangeTimeZone => (Act::Change, Room::Account),
    };
    let stream = denied.participant.into();
    if store::is_told_of_refusal(tx, stream, Some(denied.actor.account), room, None, now.plus(-REFUSALS))? {
        return Ok(());
    }
    let entry = Entry {
        outcome: EntryOutcome::Refused,
        ..entry(Some(&denied.actor), act, room, None, denied.request_id, now)
    };
    store::append(tx, stream, &entry)?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "an entry has as many parts")]
fn append(
    tx: &mut Tx,
    stream: Uuid,
    actor: Option<&Actor>,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request_id: Uuid,
    at: Moment,
) -> Result<(), Problem> {
    store::append(tx, stream, &entry(actor, act, room, entity, request_id, at))?;
    Ok(())
}

fn entry(
    actor: Option<&Actor>,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request_id: Uuid,
    at: Moment,
) -> Entry {
    Entry {
        // Counted by the stream when it is appended.
        seq: 0,
        at,
        actor: actor.map(|actor| actor.account),
        actor_role: actor.map(|actor| actor.role),
        device: actor.map(|actor| actor.device),
        act,
        room,
        entity,
        outcome: EntryOutcome::Done,
        request_id,
    }
}

/// Notes that an answer shows somebody's record, in the transaction that it is the answer of. What participants
/// read of their own is theirs alone.
pub fn note_shown(
    tx: &mut Tx,
    grant: &Grant,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    match grant.relation() {
        Relation::Own => Ok(()),
        Relation::Caseload | Relation::Organisation | Relation::Foreign => {
            note(tx, grant, Act::Read, room, entity, request, now)
        }
    }
}

/// Journals that a record was read, and returns once that is on disk: only then may the answer leave. What
/// participants read of their own is not worth a transaction.
pub async fn seen(
    app: &App,
    grant: Grant,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
) -> Result<(), Problem> {
    if grant.relation() == Relation::Own {
        return Ok(());
    }
    let now = app.now();
    let record = grant.participant().into();
    app.write_to(record, move |tx| note_shown(tx, &grant, room, entity, request, now)).await
}

/// What was done to or seen of a record.
#[derive(Serialize, ToSchema)]
struct Noted {
    #[serde(flatten)]
    entry: Entry,
    /// The name of who acted; absent where `actor` is
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_name: Option<DisplayName>,
}

/// A page of the journal, the latest first.
#[derive(Serialize, ToSchema)]
struct JournalPage {
    /// The entries
    #[schema(max_items = 200)]
    items: Vec<Noted>,
    /// Where the next page begins; absent on the last
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Before>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct JournalQuery {
    /// How many entries at most; 50 if not given
    #[serde(default, deserialize_with = "Limit::of_query")]
    #[param(required = false, inline)]
    limit: Limit,
    /// Where to go on
    #[param(inline)]
    after: Option<Before>,
}

/// Who did or saw what of a record
///
/// The latest first. A counselor's refreshed caseload is told once an hour, and so is somebody's refused try in
/// one room. Who another participant is, is told to staff alone.
#[utoipa::path(
    tag = "journal",
    params(("participant" = inline(Whose), Path), JournalQuery),
    responses((status = 200, description = "A page of the journal", body = JournalPage)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/journal")]
async fn read_journal(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<JournalQuery>,
) -> Result<Json<JournalPage>, Problem> {
    let (whose,) = path.into_inner();
    let JournalQuery { limit, after } = query.into_inner();
    let most = i64::from(limit);
    let (grant, mut entries) = app
        .read(move |tx| {
            let grant = caller.granted(tx, access::Act::ReadJournal, &whose)?;
            let entries = store::list(tx, &grant, after.map(|before| before.0), most + 1)?;
            Ok((grant, entries))
        })
        .await?;
    let reader = *grant.actor();
    seen(&app, grant, Room::Journal, None, caller.request_id).await?;
    let most = usize::try_from(most).unwrap_or(1);
    let more = most < entries.len();
    entries.truncate(most);
    let next = if more { entries.last().map(|(entry, _)| Before(entry.seq)) } else { None };
    let noted = |(entry, name): (Entry, Option<String>)| {
        let entry = entry.told_to(&reader);
        let name = name.filter(|_| entry.actor.is_some());
        Noted { entry, actor_name: name.and_then(|n| n.try_into().ok()) }
    };
    Ok(Json(JournalPage { items: entries.into_iter().map(noted).collect(), next }))
}

/// How many entries a block seals at most.
const BLOCK: i64 = 1000;

/// A block's hash, kept outside the database, where whoever can rewrite the journal may not reach.
#[derive(Serialize, Deserialize)]
struct Head {
    number: i64,
    hash: String,
    sealed_at: Moment,
    /// Ed25519, over number and hash.
    signature: String,
}

fn head_file(app: &App) -> PathBuf {
    app.config().data.join("journal-heads.jsonl")
}

fn signed_part(number: i64, hash: &str) -> Vec<u8> {
    format!("evenkeel journal head {number} {hash}").into_bytes()
}

/// Seals what the journal has grown by, and keeps each block's signed hash beside the database. Returns how
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
                let block = journal::seal(last.as_ref(), &entries, sha256, now);
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

fn append_heads(path: &FilePath, lines: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.lock()?;
    file.write_all(lines)?;
    file.sync_data()
}

/// The number of the last head in the file, if there is one. Half a line, whose writer was killed, is taken away.
fn last_kept(path: &FilePath) -> std::io::Result<Option<i64>> {
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
    /// Seals what the journal has grown by; see [`seal`].
    pub async fn seal_journal(&self) -> Result<usize, Problem> {
        seal(self).await
    }
}

/// Checks the whole journal against its seals, its counters and the heads kept outside the database: in the file
/// beside it and, where one is given, in a copy of that kept elsewhere.
pub fn verify(app: &App, copy: Option<&FilePath>) -> Result<Verdict, String> {
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

/// What a check of the journal came to.
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
                "journal-heads.jsonl is gone: nothing outside the database says what was sealed; put it back \
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
    fn add(&mut self, secrets: &Secrets, path: &FilePath) -> Result<bool, String> {
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
