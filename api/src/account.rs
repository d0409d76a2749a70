//! People: signing in, devices, invitations, organizations, where a participant lives by the clock.

mod code;
mod device;
mod invite;
mod session;
mod time_zone;

use evenkeel_domain::access::{Action, Request};
use evenkeel_domain::account::{
    Account, AccountId, DisplayName, Email, InviteDraft, InviteId, OrganizationId, OrganizationName, Refusal,
    Role,
};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, account as store};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use self::code::Code;
use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;

/// The routes of this module.
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
    Problem::unknown_because(detail)
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

/// A request of nobody: the server acts by itself, or by a command on its machine.
fn unattended(app: &App) -> Request {
    Request { id: Uuid::nil(), now: app.now() }
}

/// Adds an organization and answers the code that makes its first admin. It is shown once.
pub async fn create_organization(app: &App, name: OrganizationName, admin: Email) -> Result<String, Problem> {
    let founding = Founding::draw(app, name, Some(admin))?;
    let code = founding.code.text.clone();
    let request = unattended(app);
    app.write(move |tx| founding.store(tx, request)).await?;
    Ok(code)
}

/// While nobody has an account, answers a code that makes the first admin and withdraws those answered before:
/// whoever missed one starts again. On a database without any organization, adds one first.
pub async fn first_admin(app: &App) -> Result<Option<String>, Problem> {
    let name = OrganizationName::try_from("Our program".to_owned());
    let founding = Founding::draw(app, name.map_err(Problem::internal)?, None)?;
    let code = founding.code.text.clone();
    let request = unattended(app);
    let is_first = app.write(move |tx| {
        if store::anybody(tx)? {
            return Ok(false);
        }
        let before = store::first_invites(tx)?;
        for invite in before.iter().filter(|invite| invite.withdrawn_at.is_none()) {
            store::withdraw_invite(tx, invite.id, request.now)?;
            let (stream, entity) = (invite.organization.into(), Some(invite.id.into()));
            audit::record_system(tx, stream, Action::WithdrawInvite, entity, request)?;
        }
        if let Some(invite) = before.last() {
            founding.invite(tx, invite.organization, request)?;
            return Ok(true);
        }
        // One that was made by `org create` has its code already.
        let is_empty = store::organizations(tx, false)? == 0 && store::organizations(tx, true)? == 0;
        if is_empty {
            founding.store(tx, request)?;
        }
        Ok(is_empty)
    });
    Ok(is_first.await?.then_some(code))
}

/// An organization that is about to be, and the invitation of its first admin.
struct Founding {
    organization: OrganizationId,
    name: OrganizationName,
    invite: InviteId,
    draft: InviteDraft,
    code: Code,
}

impl Founding {
    fn draw(app: &App, name: OrganizationName, email: Option<Email>) -> Result<Self, Problem> {
        let display_name = DisplayName::try_from("Administrator".to_owned()).map_err(Problem::internal)?;
        Ok(Self {
            organization: app.fresh_id().into(),
            name,
            invite: app.fresh_id().into(),
            draft: InviteDraft { display_name, time_zone: None, email, role: Role::Admin },
            code: Code::draw(app.secrets()),
        })
    }

    fn store(&self, tx: &mut Tx, request: Request) -> Result<(), Problem> {
        store::add_organization(tx, self.organization, &self.name, false, request.now)?;
        self.invite(tx, self.organization, request)
    }

    fn invite(&self, tx: &mut Tx, to: OrganizationId, request: Request) -> Result<(), Problem> {
        let invite =
            evenkeel_domain::account::invite(self.invite, to, None, self.draft.clone(), request.now)?;
        store::add_invite(tx, &invite, &self.code.hash)?;
        audit::record_system(tx, to.into(), Action::InviteStaff, Some(self.invite.into()), request)
    }
}
