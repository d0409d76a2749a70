//! Invitations: staff make them, and their code redeems them once.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use evenkeel_domain::access::{Action, Request};
use evenkeel_domain::account::{
    self, Account, AccountId, DeviceName, Email, Invite, InviteDraft, InviteId, Inviter, ParticipantId,
    Password, Refusal, Role, SignInName, SignInThrottle,
};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, account as store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::code::Code;
use super::session::{Arrival, SignedIn};
use super::{add_person, unusable_code};
use crate::app::App;
use crate::app::audit;
use crate::app::password::strong;
use crate::app::problem::Problem;
use crate::app::secret::random;
use crate::http::body::{Json, Path, answer};
use crate::http::caller::Caller;
use crate::http::rate_limit::{Client, LimitedEndpoint, RateLimits};
use crate::http::request_log::RequestId;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(create_invite).service(list_invites).service(redeem_invite).service(withdraw_invite);
}

/// An invitation with its code.
#[derive(Serialize, ToSchema)]
struct Invited {
    #[serde(flatten)]
    invite: Invite,
    /// Shown only in this answer. Spaces, hyphens and case do not matter
    #[schema(example = "7K3M-9QXT-2ABCD", min_length = 15, max_length = 15)]
    code: String,
}

/// The open invitations.
#[derive(Serialize, ToSchema)]
struct Invites {
    /// The newest first
    #[schema(max_items = 200)]
    items: Vec<Invite>,
}

/// Invite somebody
///
/// Counselors and supervisors invite participants; admins invite staff. The code works once, for 72 hours.
#[utoipa::path(
    responses((status = 201, description = "Invited; give the person the code", body = Invited))
)]
#[post("/v1/invites")]
async fn create_invite(
    app: Data<App>,
    caller: Caller,
    Json(draft): Json<InviteDraft>,
) -> Result<HttpResponse, Problem> {
    let Code { text: code, hash } = Code::draw(app.secrets());
    let (id, now) = (InviteId::from(app.fresh_id()), app.now());
    let invite = caller.write_organization(&app, Action::inviting(draft.role), move |tx, permit| {
        let actor = permit.actor();
        let inviter = Inviter { account: actor.account, role: actor.role };
        let invite = account::invite(id, actor.organization, Some(inviter), draft.clone(), now)?;
        store::add_invite(tx, &invite, &hash)?;
        audit::record_permitted(tx, permit, Some(id.into()))?;
        Ok(invite)
    });
    Ok(answer(StatusCode::CREATED, &Invited { invite: invite.await?, code }))
}

/// List the open invitations
///
/// A counselor sees their own. A supervisor or admin sees those of the organization whose role they may invite.
#[utoipa::path(
    responses((status = 200, description = "The newest first", body = Invites))
)]
#[get("/v1/invites")]
async fn list_invites(app: Data<App>, caller: Caller) -> Result<Json<Invites>, Problem> {
    let items = caller.read_organization(&app, Action::ReadInvites, move |tx, permit| {
        let mut open = store::open_invites(tx, permit, permit.now())?;
        open.retain(|invite| permit.actor().role.invites(invite.role));
        Ok(open)
    });
    Ok(Json(Invites { items: items.await? }))
}

/// Withdraw an invitation
#[utoipa::path(
    params(("id" = inline(InviteId), Path)),
    responses((status = 204, description = "Withdrawn; the code no longer works"))
)]
#[delete("/v1/invites/{id}")]
async fn withdraw_invite(
    app: Data<App>,
    caller: Caller,
    path: Path<(InviteId,)>,
) -> Result<HttpResponse, Problem> {
    let (id,) = path.into_inner();
    caller
        .write_organization(&app, Action::ReadInvites, move |tx, permit| {
            let open =
                store::open_invites(tx, permit, permit.now())?.into_iter().find(|invite| invite.id == id);
            let invite = open.ok_or_else(Problem::unknown)?;
            let permit = &caller.permitted(tx, Action::inviting(invite.role), permit.request())?;
            store::withdraw_invite(tx, id, permit.now())?;
            let request = permit.request();
            audit::record_own(tx, permit.actor(), Action::WithdrawInvite, Some(id.into()), request)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The code, and how the person will sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "7K3M-9QXT-2ABCD", "email": "sam@example.org", "password": "four unrelated words",
    "device_name": "Sam's phone",
}))]
struct Redeem {
    /// The invitation code. Spaces, hyphens and case do not matter
    #[schema(example = "7K3M-9QXT-2ABCD", min_length = 13, max_length = 64)]
    code: String,
    /// The email address; default: the one of the invitation
    #[serde(default)]
    email: Option<Email>,
    /// The name to sign in with instead of the email address. Without a name and an address, the answer has a made-up
    /// name
    #[serde(default)]
    sign_in_name: Option<SignInName>,
    password: Password,
    device_name: DeviceName,
}

/// Redeem an invitation
///
/// Makes the account and signs in. A participant without an email address gets a sign-in name that says nothing about
/// them; it is `sign_in_name` in the answer. After three sign-in names that cannot be used, the code is withdrawn.
#[utoipa::path(
    security(()),
    responses(
        (status = 201, description = "The account exists now and is signed in", body = SignedIn),
        (status = 404, description = "The code is unknown, used, withdrawn or expired"),
        (status = 409, description = "This sign-in name cannot be used"),
    )
)]
#[post("/v1/invites/redeem")]
async fn redeem_invite(
    app: Data<App>,
    request: HttpRequest,
    limits: Data<RateLimits>,
    client: Client,
    Json(asked): Json<Redeem>,
) -> Result<HttpResponse, Problem> {
    limits.check(LimitedEndpoint::Redeem, client)?;
    let Redeem { code, email, sign_in_name, password, device_name } = asked;
    let (code, now) = (app.secrets().code_hash(&code), app.now());
    let invite = app.read(move |tx| redeemable(tx, &code, now)).await?;
    // Tokens have no spaces, so this cannot be the hash of a token.
    let clashes = app.secrets().refresh_hash(&format!("clash {}", invite.id));
    let email = email.or(invite.email);
    if invite.role.is_staff() && email.is_none() {
        return Err(Refusal::NeedsEmail.into());
    }
    let name = sign_in_name.or_else(|| email.clone().map(SignInName::from));
    let known = [invite.display_name.as_ref(), name.as_ref().map_or("", AsRef::<str>::as_ref)];
    strong(&password, &known)?;
    let hash = app.passwords().hash(password).await?;
    let names = name.map_or_else(made_up_names, |name| Ok(vec![name]))?;

    let (id, participant) = (AccountId::from(app.fresh_id()), ParticipantId::from(app.fresh_id()));
    let (arrival, secret) = Arrival::draw(&app, device_name);
    let request = RequestId::request(&request, &app);
    let now = request.now;
    let session = app.write(move |tx| {
        let invite = redeemable(tx, &code, now)?;
        // `None` instead of an error, because an error would roll back the count of clashes.
        let Some(sign_in_name) = free(tx, &names)? else {
            clash(tx, &invite, &clashes, request)?;
            return Ok(None);
        };
        let person = Account {
            id,
            organization: invite.organization,
            role: invite.role,
            display_name: invite.display_name.clone(),
            sign_in_name,
            email: email.clone(),
            participant: (invite.role == Role::Participant).then_some(participant),
            time_zone: invite.time_zone.clone(),
            active: true,
        };
        let counselor = counselor(tx, &invite)?;
        add_person(tx, &person, Some(&hash), counselor, now)?;
        store::redeem_invite(tx, invite.id, now)?;
        let session = arrival.open(tx, &person, now)?;
        let entity = Some(invite.id.into());
        audit::record_own(tx, &session.actor(), Action::RedeemInvite, entity, request)?;
        Ok(Some(session))
    });
    let unusable_name = || {
        Problem::conflict(
            "This sign-in name cannot be used. Choose another, or ask the person who invited you.",
        )
    };
    let signed = session.await?.ok_or_else(unusable_name)?.signed(&app, &secret, now)?;
    Ok(answer(StatusCode::CREATED, &signed))
}

fn redeemable(tx: &mut Tx, code: &[u8; 32], now: Moment) -> Result<Invite, Problem> {
    let invite = store::invite_by_code(tx, code)?.ok_or_else(unusable_code)?;
    account::redeem(&invite, now)?;
    Ok(invite)
}

/// The counselor who made the invitation, who gets the participant on their caseload.
fn counselor(tx: &mut Tx, invite: &Invite) -> Result<Option<AccountId>, Problem> {
    let Some(inviter) = invite.created_by else { return Ok(None) };
    let inviter = store::find(tx, inviter)?.filter(|inviter| inviter.role == Role::Counselor);
    Ok(inviter.map(|inviter| inviter.id))
}

/// The first of these names that is free.
fn free(tx: &mut Tx, names: &[SignInName]) -> Result<Option<SignInName>, Problem> {
    for name in names {
        if store::by_sign_in_name(tx, name)?.is_none() {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

/// How many taken names may be tried with one code. More tries could find out who is in treatment here.
const MOST_CLASHES: i32 = 3;

/// Counts a taken name, records it in the inviter's audit log, and withdraws the invitation after the last allowed one.
fn clash(tx: &mut Tx, invite: &Invite, key: &[u8; 32], request: Request) -> Result<(), Problem> {
    let before = store::throttle(tx, key)?;
    let failures = before.map_or(0, |before| before.failures).saturating_add(1);
    store::put_throttle(
        tx,
        key,
        &SignInThrottle { failures, first_failed_at: request.now, last_failed_at: request.now },
    )?;
    let stream = invite.created_by.map_or_else(|| invite.organization.into(), Uuid::from);
    let entity = Some(invite.id.into());
    audit::record_refused(tx, stream, Action::RedeemInvite, entity, request)?;
    if MOST_CLASHES <= failures {
        store::withdraw_invite(tx, invite.id, request.now)?;
        audit::record_system(tx, stream, Action::WithdrawInvite, entity, request)?;
    }
    Ok(())
}

const QUALITIES: &str = "amber brisk calm clear coral early fair fresh gentle golden green kind late level light \
                         little lively mellow misty north open plain quick quiet round silver small soft south \
                         steady warm west";
const THINGS: &str = "acorn birch bridge brook cedar cloud clover field finch garden harbor heron hill island \
                      lake lantern maple meadow orchard otter pebble pine pond river robin sparrow stone summit \
                      thistle valley willow wren";

/// Several made-up names that say nothing about anybody, in case some are taken.
fn made_up_names() -> Result<Vec<SignInName>, Problem> {
    let word = |words: &str, byte: u8| {
        let words: Vec<&str> = words.split_whitespace().collect();
        words[usize::from(byte) % words.len()].to_owned()
    };
    (0..4)
        .map(|_| {
            let [quality, thing, high, low] = random();
            let number = 1000 + u16::from_be_bytes([high, low]) % 9000;
            let name = format!("{}-{}-{number}", word(QUALITIES, quality), word(THINGS, thing));
            SignInName::try_from(name).map_err(Problem::internal)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::secret::Secrets;

    #[test]
    fn a_made_up_name_is_two_words_and_a_number() {
        for name in made_up_names().unwrap() {
            let parts: Vec<&str> = name.as_ref().split('-').collect();
            assert!(
                QUALITIES.contains(parts[0]) && THINGS.contains(parts[1]) && parts.len() == 3,
                "{name:?}"
            );
            assert!((1000..10_000).contains(&parts[2].parse::<u32>().unwrap()), "{name:?}");
        }
    }

    #[test]
    fn a_code_may_be_typed_with_or_without_its_hyphens() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(folder.path()).unwrap();
        let code = Code::draw(&secrets);
        assert_eq!(code.text.len(), 15);
        for typed in [code.text.to_lowercase(), code.text.replace('-', " "), code.text.replace('-', "")] {
            assert_eq!(secrets.code_hash(&typed), code.hash);
        }
    }
}
