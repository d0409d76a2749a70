//! People: signing in, devices, invitations, organisations, where a participant lives by the clock.

mod device;
mod invite;
mod session;
mod time_zone;

use actix_web::http::StatusCode;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::{
    Account, AccountId, DisplayName, Email, InviteDraft, InviteId, OrganisationId, OrganisationName,
    ParticipantId, Refusal, Role,
};
use evenkeel_domain::journal::{Act, Room};
use evenkeel_domain::value::{Day, Moment, TimeZone};
use evenkeel_persistence::{Tx, account as store};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::journal::note_house;
use crate::problem::Problem;
use invite::Code;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig) {
    session::routes(config);
    device::routes(config);
    invite::routes(config);
    time_zone::routes(config);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotAllowed => Self::not_allowed(),
            Refusal::NeedsTimeZone => Self::invalid("/time_zone", refusal.to_string()),
            Refusal::NeedsEmail => Self::invalid("/email", refusal.to_string()),
            // Whoever guesses codes does not learn which of them once were good.
            Refusal::Expired | Refusal::Redeemed | Refusal::Withdrawn => void(),
        }
    }
}

fn void() -> Problem {
    let detail = "This code is not known, was used or withdrawn, or has expired. Ask for a new one.";
    Problem::new("unknown", "Not found", StatusCode::NOT_FOUND, detail)
}

/// Adds a person who can sign in; a participant comes onto the counselor's caseload.
pub fn add_person(
    tx: &mut Tx,
    person: &Account,
    password_hash: Option<&str>,
    counselor: Option<AccountId>,
    now: Moment,
) -> Result<(), Problem> {
    store::add(tx, person, password_hash, now)?;
    if let (Some(participant), Some(counselor)) = (person.participant, counselor) {
        store::assign(tx, counselor, participant, now)?;
    }
    Ok(())
}

/// The zone in which a participant lives.
pub fn home_zone(tx: &mut Tx, participant: ParticipantId) -> Result<TimeZone, Problem> {
    store::time_zone(tx, participant)?.ok_or_else(Problem::unknown)
}

/// The day that it is for a participant.
pub fn today(tx: &mut Tx, grant: &Grant, now: Moment) -> Result<Day, Problem> {
    Ok(now.local_day(&home_zone(tx, grant.participant())?))
}

/// Adds an organisation and answers the code that makes its first admin. It is shown once.
pub async fn create_organisation(app: &App, name: OrganisationName, admin: Email) -> Result<String, Problem> {
    let founding = Founding::draw(app, name, Some(admin))?;
    let now = app.now();
    let code = founding.code.text.clone();
    app.write(move |tx| founding.store(tx, now)).await?;
    Ok(code)
}

/// While nobody has an account, answers a code that makes the first admin and withdraws those answered before:
/// whoever missed one starts again. On a database without any organisation, adds one first.
pub async fn first_admin(app: &App) -> Result<Option<String>, Problem> {
    let name = OrganisationName::try_from("Our program".to_owned());
    let founding = Founding::draw(app, name.map_err(Problem::internal)?, None)?;
    let now = app.now();
    let code = founding.code.text.clone();
    let is_first = app.write(move |tx| {
        if store::anybody(tx)? {
            return Ok(false);
        }
        let before = store::first_invites(tx)?;
        for invite in before.iter().filter(|invite| invite.withdrawn_at.is_none()) {
            store::withdraw_invite(tx, invite.id, now)?;
            let (stream, entity) = (invite.organisation.into(), Some(invite.id.into()));
            note_house(tx, stream, Act::Withdraw, Room::Account, entity, Uuid::nil(), now)?;
        }
        if let Some(invite) = before.last() {
            founding.invite(tx, invite.organisation, now)?;
            return Ok(true);
        }
        // One that was made by `org create` has its code already.
        let is_empty = store::organisations(tx, false)? == 0 && store::organisations(tx, true)? == 0;
        if is_empty {
            founding.store(tx, now)?;
        }
        Ok(is_empty)
    });
    Ok(is_first.await?.then_some(code))
}

/// An organisation that is about to be, and the invitation of its first admin.
struct Founding {
    organisation: OrganisationId,
    name: OrganisationName,
    invite: InviteId,
    draft: InviteDraft,
    code: Code,
}

impl Founding {
    fn draw(app: &App, name: OrganisationName, email: Option<Email>) -> Result<Self, Problem> {
        let display_name = DisplayName::try_from("Administrator".to_owned()).map_err(Problem::internal)?;
        Ok(Self {
            organisation: app.fresh_id().into(),
            name,
            invite: app.fresh_id().into(),
            draft: InviteDraft { display_name, time_zone: None, email, role: Role::Admin },
            code: Code::draw(app.secrets()),
        })
    }

    fn store(&self, tx: &mut Tx, now: Moment) -> Result<(), Problem> {
        store::add_organisation(tx, self.organisation, &self.name, false, now)?;
        self.invite(tx, self.organisation, now)
    }

    fn invite(&self, tx: &mut Tx, to: OrganisationId, now: Moment) -> Result<(), Problem> {
        let invite = evenkeel_domain::account::invite(self.invite, to, None, self.draft.clone(), now)?;
        store::add_invite(tx, &invite, &self.code.hash)?;
        let stream = to.into();
        note_house(tx, stream, Act::Invite, Room::Account, Some(self.invite.into()), Uuid::nil(), now)
    }
}
