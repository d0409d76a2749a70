//! Signing in, refreshing tokens, signing out.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use data_encoding::BASE64URL_NOPAD;
use evenkeel_domain::access::{Action, Actor, Request};
use evenkeel_domain::account::{
    self, Account, AccountId, Device, DeviceId, DeviceName, ParticipantId, Password, RefreshDecision,
    RefreshFamily, SignInName, SignInThrottle,
};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, account as store};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::app::secret::{Secrets, random, sha256};
use crate::http::body::Json;
use crate::http::caller::Caller;
use crate::http::rate_limit::{Client, LimitedEndpoint, RateLimits};
use crate::http::request_log::RequestId;

/// How long an access token is valid, in seconds.
const ACCESS_SECONDS: u32 = 15 * 60;
/// The most devices on which one person is signed in. One more ends the session that was not used for the longest time.
pub(super) const MOST_DEVICES: usize = 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(sign_in).service(refresh_sign_in).service(sign_out).service(read_me);
}

/// Who signs in, and where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "participant@demo.example", "password": "evenkeel-demo-2026", "device_name": "Sam's phone",
}))]
struct SignIn {
    /// The email address or sign-in name
    email: SignInName,
    password: Password,
    device_name: DeviceName,
}

/// The tokens of a session.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    /// For the `Authorization` header
    #[schema(
        example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
        max_length = 2048
    )]
    access_token: String,
    /// Always `Bearer`
    #[schema(example = "Bearer", max_length = 6)]
    token_type: &'static str,
    /// Seconds until the access token expires
    #[schema(example = 900, minimum = 1, maximum = 900)]
    expires_in: u32,
    /// Works once, for the next tokens
    #[schema(
        example = "AZnPSm0deiCxwtPk9QYXKAAAAADKl4ESyhu9yvrCMbOaI9xNp4bv-BR8TnK5gHeFr-5Iuz4j6BYAOVlKM4lPZWThsTQ",
        min_length = 91,
        max_length = 91
    )]
    refresh_token: String,
    account_id: AccountId,
    /// The id of the person's own record, if they are a participant
    #[serde(skip_serializing_if = "Option::is_none")]
    participant_id: Option<ParticipantId>,
    sign_in_name: SignInName,
}

/// Sign in
///
/// The answer and its timing are the same for an unknown account and a wrong password. After a failure the next attempt
/// on the same account must wait 1, 3, 5, then 10 seconds.
#[utoipa::path(
    security(()),
    responses(
        (status = 200, description = "Signed in", body = SignedIn),
        (status = 401, description = "Unknown account or wrong password"),
    )
)]
#[post("/v1/sign-in")]
async fn sign_in(
    app: Data<App>,
    request: HttpRequest,
    limits: Data<RateLimits>,
    client: Client,
    Json(asked): Json<SignIn>,
) -> Result<Json<SignedIn>, Problem> {
    limits.check(LimitedEndpoint::SignIn, client)?;
    let SignIn { email: name, password, device_name } = asked;
    let (attempt, now) = (Attempt::on(app.secrets(), name), app.now());
    let attempted = attempt.clone();
    let stored = app.read(move |tx| attempted.password_hash(tx, now)).await?;
    let verdict = app.passwords().verify(stored.clone(), password).await?;
    let (arrival, secret) = Arrival::draw(&app, device_name);
    let request = RequestId::request(&request, &app);
    let now = request.now;
    // `None` instead of an error, because an error would roll back the stored failure.
    let session = app.write(move |tx| {
        let throttle = attempt.throttle(tx, now)?;
        let found = store::by_sign_in_name(tx, &attempt.name)?;
        let account = found.as_ref().map(|(person, _)| person.id);
        let person = found.filter(|(person, hash)| verdict.matches && person.active && *hash == stored);
        let Some((person, _)) = person else {
            attempt.record_failure(tx, account, throttle, request)?;
            return Ok(None);
        };
        store::clear_throttle(tx, &attempt.key)?;
        if let Some(hash) = &verdict.rehashed {
            store::set_password_hash(tx, person.id, hash)?;
        }
        let session = arrival.open(tx, &person, now)?;
        let device = Some(session.device.into());
        audit::record_own(tx, &session.actor(), Action::SignIn, device, request)?;
        Ok(Some(session))
    });
    let session = session.await?.ok_or_else(|| {
        Problem::unauthenticated()
            .and("/password", "is not the password of this account; check name and password")
    })?;
    session.signed(&app, &secret, now).map(Json)
}

/// A sign-in attempt with a name, whether or not the account exists.
#[derive(Clone)]
struct Attempt {
    name: SignInName,
    // Failures are counted by this hash, so that the names that were tried are not stored.
    key: [u8; 32],
}

impl Attempt {
    fn on(secrets: &Secrets, name: SignInName) -> Self {
        // Tokens have no spaces, so this cannot be the hash of a token.
        let key = secrets.refresh_hash(&format!("sign-in {}", name.as_ref()));
        Self { name, key }
    }

    /// The failures so far. 429 while the next attempt must wait.
    fn throttle(&self, tx: &mut Tx, now: Moment) -> Result<Option<SignInThrottle>, Problem> {
        let throttle = store::throttle(tx, &self.key)?;
        account::sign_in_wait(&throttle, now).map_or(Ok(throttle), |wait| Err(Problem::too_many(wait)))
    }

    /// Counts a failure and records it in the account's audit log. For an unknown account it reads and writes as much,
    /// so that the time does not show whether the account exists.
    fn record_failure(
        &self,
        tx: &mut Tx,
        account: Option<AccountId>,
        throttle: Option<SignInThrottle>,
        request: Request,
    ) -> Result<(), Problem> {
        let is_recent = throttle
            .as_ref()
            .is_some_and(|before| request.now.plus(-SignedDuration::from_hours(1)) <= before.last_failed_at);
        let failed = account::failed(throttle, request.now);
        store::put_throttle(tx, &self.key, &failed)?;
        let stream = account.map_or_else(|| self.unused_stream(), Uuid::from);
        let is_recorded = audit::was_refused_lately(tx, stream, Action::SignIn, request)?;
        match account {
            Some(_) if is_recorded => Ok(()),
            Some(_) => audit::record_refused(tx, stream, Action::SignIn, None, request),
            None if is_recent => Ok(()),
            None => Ok(store::put_throttle(tx, &self.key, &failed)?),
        }
    }

    /// The id of an audit stream that does not exist.
    fn unused_stream(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.key[..16]);
        Uuid::from_bytes(bytes)
    }

    fn password_hash(&self, tx: &mut Tx, now: Moment) -> Result<Option<String>, Problem> {
        self.throttle(tx, now)?;
        Ok(store::by_sign_in_name(tx, &self.name)?.and_then(|(_, hash)| hash))
    }
}

/// A new device to sign in. It is made before the transaction, which may run again.
pub(super) struct Arrival {
    device: DeviceId,
    name: DeviceName,
    hash: [u8; 32],
}

impl Arrival {
    /// A new device and the secret of its first refresh token.
    pub(super) fn draw(app: &App, name: DeviceName) -> (Self, [u8; 32]) {
        let secret = random();
        (Self { device: app.fresh_id().into(), name, hash: sha256(&secret) }, secret)
    }

    /// Signs a person in on it.
    pub(super) fn open(&self, tx: &mut Tx, person: &Account, now: Moment) -> Result<Session, Problem> {
        for unused in store::devices(tx, person.id)?.iter().skip(MOST_DEVICES - 1) {
            store::revoke_device(tx, person.id, unused.id, now)?;
        }
        let device = Device {
            id: self.device,
            account: person.id,
            name: self.name.clone(),
            created_at: now,
            last_used_at: now,
            revoked_at: None,
        };
        let family = RefreshFamily::first(self.hash, now);
        store::add_device(tx, &device, &family)?;
        Ok(Session::new(person.clone(), self.device, &family))
    }
}

/// A session that gets its next tokens.
pub(super) struct Session {
    person: Account,
    device: DeviceId,
    generation: i32,
    signed_in: Moment,
}

impl Session {
    fn new(person: Account, device: DeviceId, family: &RefreshFamily) -> Self {
        Self { person, device, generation: family.generation, signed_in: family.created_at }
    }

    /// The person as an actor.
    pub(super) fn actor(&self) -> Actor {
        Actor {
            account: self.person.id,
            organization: self.person.organization,
            role: self.person.role,
            device: self.device,
            participant: self.person.participant,
        }
    }

    /// Its tokens.
    pub(super) fn signed(self, app: &App, secret: &[u8; 32], now: Moment) -> Result<SignedIn, Problem> {
        let Self { person, device, generation, signed_in } = self;
        let access = app.tokens().issue(person.id, device, signed_in, ACCESS_SECONDS, app.fresh_id(), now)?;
        Ok(SignedIn {
            access_token: access,
            token_type: "Bearer",
            expires_in: ACCESS_SECONDS,
            refresh_token: refresh_token(app.secrets(), device, generation, secret),
            account_id: person.id,
            participant_id: person.participant,
            sign_in_name: person.sign_in_name,
        })
    }
}

/// Device, generation and secret with our tag. The hash of a used token is no longer stored; the tag shows that we
/// made it and that it is not invented.
fn refresh_token(secrets: &Secrets, device: DeviceId, generation: i32, secret: &[u8; 32]) -> String {
    let device = Uuid::from(device);
    let body = [device.as_bytes().as_slice(), &generation.to_be_bytes(), secret].concat();
    BASE64URL_NOPAD.encode(&[body.as_slice(), &tag(secrets, &body)].concat())
}

fn tag(secrets: &Secrets, body: &[u8]) -> [u8; 16] {
    let mut tag = [0; 16];
    tag.copy_from_slice(&secrets.refresh_hash(&BASE64URL_NOPAD.encode(body))[..16]);
    tag
}

/// The device of a refresh token and the hash of its secret, if we made it.
fn presented(secrets: &Secrets, token: &str) -> Option<(DeviceId, [u8; 32])> {
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok().filter(|bytes| bytes.len() == 68)?;
    let (body, given) = bytes.split_at(52);
    aws_lc_rs::constant_time::verify_slices_are_equal(&tag(secrets, body), given).ok()?;
    let (device, rest) = body.split_at(16);
    Some((Uuid::from_slice(device).ok()?.into(), sha256(&rest[4..])))
}

/// The refresh token to exchange.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Refresh {
    /// The device's newest refresh token
    #[schema(
        example = "AZnPSm0deiCxwtPk9QYXKAAAAADKl4ESyhu9yvrCMbOaI9xNp4bv-BR8TnK5gHeFr-5Iuz4j6BYAOVlKM4lPZWThsTQ",
        max_length = 91
    )]
    refresh_token: String,
}

/// Refresh the tokens of a session
///
/// A refresh token works once. If the answer was lost, the token may be sent again up to three times within ten minutes,
/// as long as its successor was not used. Any other second use ends the session; then sign in again.
#[utoipa::path(
    security(()),
    responses(
        (status = 200, description = "New tokens; the old refresh token no longer works", body = SignedIn),
        (status = 401, description = "The token is unknown, used or expired, or the session has ended"),
    )
)]
#[post("/v1/sign-in/refresh")]
async fn refresh_sign_in(
    app: Data<App>,
    request: HttpRequest,
    limits: Data<RateLimits>,
    client: Client,
    Json(asked): Json<Refresh>,
) -> Result<Json<SignedIn>, Problem> {
    limits.check(LimitedEndpoint::Refresh, client)?;
    let (device, hash) =
        presented(app.secrets(), &asked.refresh_token).ok_or_else(Problem::unauthenticated)?;
    let (request, secret) = (RequestId::request(&request, &app), random());
    let next = sha256(&secret);
    let session = app.write_to(device.into(), move |tx| renew(tx, device, hash, next, request)).await?;
    session.ok_or_else(Problem::unauthenticated)?.signed(&app, &secret, request.now).map(Json)
}

/// Exchanges a refresh token. `None` if it is not valid: a replay ends the session, and an error would roll that back.
fn renew(
    tx: &mut Tx,
    device: DeviceId,
    presented: [u8; 32],
    next: [u8; 32],
    request: Request,
) -> Result<Option<Session>, Problem> {
    let Some((account, family)) = store::family(tx, device)? else { return Ok(None) };
    let Some(person) = store::find(tx, account)?.filter(|person| person.active) else { return Ok(None) };
    let family = match account::refresh(&family, presented, person.role, request.now) {
        RefreshDecision::Rotate => family.rotated(next, request.now),
        RefreshDecision::Reissue => family.reissued(next, request.now),
        RefreshDecision::Replayed => {
            store::revoke_device(tx, account, device, request.now)?;
            let device = Some(device.into());
            audit::record_system(tx, account.into(), Action::RevokeDevice, device, request)?;
            return Ok(None);
        }
        RefreshDecision::Expired | RefreshDecision::Revoked => return Ok(None),
    };
    store::put_family(tx, device, &family)?;
    Ok(Some(Session::new(person, device, &family)))
}

/// Sign out on this device
///
/// Both tokens of the session stop working at once.
#[utoipa::path(
    responses((status = 204, description = "Signed out"))
)]
#[post("/v1/sign-out")]
async fn sign_out(app: Data<App>, caller: Caller) -> Result<HttpResponse, Problem> {
    let request = caller.request(&app);
    app.write_to(caller.account.into(), move |tx| {
        let actor = caller.actor(tx)?;
        store::revoke_device(tx, actor.account, actor.device, request.now)?;
        audit::record_own(tx, &actor, Action::SignOut, Some(actor.device.into()), request)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Read who is signed in
#[utoipa::path(
    responses((status = 200, description = "The caller", body = Account))
)]
#[get("/v1/me")]
async fn read_me(app: Data<App>, caller: Caller) -> Result<Json<Account>, Problem> {
    let me = app.read(move |tx| {
        let actor = caller.actor(tx)?;
        store::find(tx, actor.account)?.ok_or_else(Problem::unauthenticated)
    });
    me.await.map(Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_refresh_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(folder.path()).unwrap();
        let (device, secret) = (DeviceId::from(Uuid::from_bytes(random())), random());
        let token = refresh_token(&secrets, device, 7, &secret);
        assert_eq!(token.len(), 91);
        assert_eq!(presented(&secrets, &token), Some((device, sha256(&secret))));
        for place in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(presented(&secrets, &String::from_utf8(forged).unwrap()), None, "{place}");
        }
        for forged in ["", "A", &"A".repeat(91), &token[..87], &format!("{token}AAAA")] {
            assert_eq!(presented(&secrets, forged), None, "{forged}");
        }
    }
}
