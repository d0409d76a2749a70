//! Accounts: sign-in, devices, invitations, organizations, the participant's time zone.

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
            // The same answer for all, so that guessing does not show which codes ever existed.
            Refusal::Expired | Refusal::Redeemed | Refusal::Withdrawn => unusable_code(),
        }
    }
}

fn unusable_code() -> Problem {
    let detail = "This code is unknown, used, withdrawn or expired. Check it, or ask for a new one.";
    Problem::unknown_because(detail)
}

/// Adds a person who can sign in, and puts a participant on the counselor's caseload.
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

/// The request for what the server or a command on its machine does, without a person who is signed in.
fn unattended(app: &App) -> Request {
    Request { id: Uuid::nil(), now: app.now() }
}

/// Adds an organization and returns the invitation code of its first admin. The code cannot be read again.
pub async fn create_organization(app: &App, name: OrganizationName, admin: Email) -> Result<String, Problem> {
    let founding = Founding::draw(app, name, Some(admin))?;
    let code = founding.code.text.clone();
    let request = unattended(app);
    app.write(move |tx| founding.store(tx, request)).await?;
    Ok(code)
}

/// While nobody has an account, returns a new invitation code for the first admin and withdraws earlier ones. Somebody
/// who missed the code can start the server again. Adds an organization first if there is none.
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
        // An organization from `org create` already has its code.
        let is_empty = store::organizations(tx, false)? == 0 && store::organizations(tx, true)? == 0;
        if is_empty {
            founding.store(tx, request)?;
        }
        Ok(is_empty)
    });
    Ok(is_first.await?.then_some(code))
}

/// A new organization and the invitation of its first admin, made before the transaction.
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
