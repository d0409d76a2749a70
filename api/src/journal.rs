//! The journal: noting, reading, sealing and checking who did or saw what.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use actix_web::get;
use actix_web::web::Data;
use data_encoding::HEXLOWER;
use evenkeel_domain::access::{self, Actor, Grant, Relation};
use evenkeel_domain::account::DisplayName;
use evenkeel_domain::journal::{self, Act, Entry, Finding, Outcome, Room, Walk, Witness};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Database, Tx, journal as store};
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

/// Notes that somebody of the organisation was kept from a participant's record.
pub fn note_denied(tx: &mut Tx, denied: &Denied, now: Moment) -> Result<(), Problem> {
    let (act, room) = match denied.act {
        access::Act::RecordCraving => (Act::Record, Room::Craving),
        access::Act::ReadCravings => (Act::Read, Room::Craving),
        access::Act::ReadTrend => (Act::Read, Room::Trend),
        access::Act::ReadReminders => (Act::Read, Room::Reminder),
        access::Act::ChangeReminders => (Act::Change, Room::Reminder),
        access::Act::ReadJournal => (Act::Read, Room::Journal),
        access::Act::RecordPractice | access::Act::AssignSkill => (Act::Record, Room::Coping),
        access::Act::ReadPractice => (Act::Read, Room::Coping),
        access::Act::ChooseSkills => (Act::Change, Room::Coping),
        access::Act::AnswerCheckIn => (Act::Record, Room::CheckIn),
        access::Act::ReadCheckIns => (Act::Read, Room::CheckIn),
        access::Act::ReportLapse => (Act::Record, Room::Recovery),
        access::Act::ReadRecovery => (Act::Read, Room::Recovery),
        access::Act::ReadPlan => (Act::Read, Room::Plan),
        access::Act::ChangePlan => (Act::Change, Room::Plan),
        access::Act::SignPlan => (Act::Sign, Room::Plan),
    };
    let stream = denied.participant.into();
    let entry = Entry {
        outcome: Outcome::Refused,
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
        outcome: Outcome::Done,
        request_id,
    }
}

/// Journals that a record was read, and returns once that is on disk: only then may the answer leave. What
/// participants read of their own is theirs alone.
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
    app.write_to(record, move |tx| note(tx, &grant, Act::Read, room, entity, request, now)).await
}

/// What was done to or seen of a record.
#[derive(Serialize, ToSchema)]
struct Noted {
    #[serde(flatten)]
    entry: Entry,
    /// The name of who acted; absent where the house itself did, as in sending a reminder
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
    #[serde(default)]
    #[param(required = false, inline)]
    limit: Limit,
    /// Where to go on
    #[param(inline)]
    after: Option<Before>,
}

/// Who did or saw what of a record
///
/// The latest first. A counselor's refreshed caseload is told once an hour.
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
    seen(&app, grant, Room::Journal, None, caller.request_id).await?;
    let most = usize::try_from(most).unwrap_or(1);
    let more = most < entries.len();
    entries.truncate(most);
    let next = if more { entries.last().map(|(entry, _)| Before(entry.seq)) } else { None };
    let noted = |(entry, name): (Entry, Option<String>)| Noted {
        entry,
        actor_name: name.and_then(|n| n.try_into().ok()),
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
        let Some(block) = block else { return Ok(sealed) };
        let hash = HEXLOWER.encode(&block.hash);
        let signature = app.secrets().sign_head(&signed_part(block.number, &hash))?;
        let head =
            Head { number: block.number, hash, sealed_at: now, signature: HEXLOWER.encode(&signature) };
        keep(app, &head).map_err(Problem::internal)?;
        sealed += 1;
    }
}

fn keep(app: &App, head: &Head) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(head)?;
    line.push(b'\n');
    let mut file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(head_file(app))?;
    file.write_all(&line)?;
    file.sync_data()
}

impl App {
    /// Seals what the journal has grown by; see [`seal`].
    pub async fn seal_journal(&self) -> Result<usize, Problem> {
        seal(self).await
    }
}

/// Checks the whole journal against its seals, its counters and the heads kept outside the database.
pub fn verify(app: &App) -> Result<Verdict, String> {
    let witnesses = witnesses(app)?;
    let mut verdict = check(app.database(), &witnesses.known).map_err(|error| error.to_string())?;
    verdict.forged_heads = witnesses.forged;
    Ok(verdict)
}

/// What a check of the journal came to.
pub struct Verdict {
    /// Entries read.
    pub entries: u64,
    /// Blocks read.
    pub blocks: u64,
    /// What does not fit.
    pub findings: Vec<Finding>,
    /// Lines in the file of heads that this installation's key did not sign.
    pub forged_heads: usize,
}

struct Witnesses {
    known: Vec<Witness>,
    forged: usize,
}

fn witnesses(app: &App) -> Result<Witnesses, String> {
    let text = match std::fs::read_to_string(head_file(app)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.to_string()),
    };
    let mut witnesses = Witnesses { known: Vec::new(), forged: 0 };
    for line in text.lines() {
        match witness(app.secrets(), line) {
            Some(witness) => witnesses.known.push(witness),
            None => witnesses.forged += 1,
        }
    }
    Ok(witnesses)
}

fn witness(secrets: &Secrets, line: &str) -> Option<Witness> {
    let head: Head = serde_json::from_str(line).ok()?;
    let signature = HEXLOWER.decode(head.signature.as_bytes()).ok()?;
    let hash = HEXLOWER.decode(head.hash.as_bytes()).ok()?.try_into().ok()?;
    let ours = secrets.is_our_head(&signed_part(head.number, &head.hash), &signature);
    ours.then_some(Witness { number: head.number, hash })
}

fn check(database: &Database, witnesses: &[Witness]) -> Result<Verdict, evenkeel_persistence::Error> {
    let witnesses = witnesses.to_vec();
    // One read transaction, so that counters and entries are of the same moment.
    database.read_now(move |tx| {
        let mut walk = Walk::new(&witnesses);
        let (mut entries, mut blocks, mut reached, mut number) = (0u64, 0u64, 0i64, 0i64);
        loop {
            let page = store::blocks(tx, number, 100)?;
            let Some(last) = page.last() else { break };
            number = last.number;
            for block in &page {
                let covered = store::after(tx, reached, block.last_id, i64::MAX)?;
                walk.block(block, &covered, sha256);
                entries += covered.len() as u64;
                blocks += 1;
                reached = reached.max(block.last_id);
            }
        }
        let rest = store::after(tx, reached, i64::MAX, i64::MAX)?;
        entries += rest.len() as u64;
        walk.unsealed(&rest);
        let findings = walk.findings(&store::heads(tx)?);
        Ok(Verdict { entries, blocks, findings, forged_heads: 0 })
    })
}
