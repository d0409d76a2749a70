//! Who calls, and which record a path names.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use evenkeel_domain::access::{self, Action, Actor, Grant, Permit, Refusal, Relation, Request};
use evenkeel_domain::account::{AccountId, DeviceId, ParticipantId};
use evenkeel_domain::value::{Invalid, text_schema};
use evenkeel_persistence::Tx;
use evenkeel_persistence::account;
use serde::Deserialize;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::{Denied, Problem};
use crate::http::request_log::RequestId;

/// The caller, from the access token. What they may do is read in the transaction.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The session.
    pub device: DeviceId,
    /// The request, for the audit log.
    pub request_id: Uuid,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(caller(request).ok_or_else(Problem::unauthenticated))
    }
}

fn caller(request: &HttpRequest) -> Option<Caller> {
    let mut given = request.headers().get_all(header::AUTHORIZATION);
    let (scheme, token) = given.next()?.to_str().ok()?.split_once(' ')?;
    if given.next().is_some() || !scheme.eq_ignore_ascii_case("Bearer") {
        return None;
    }
    let app = request.app_data::<Data<App>>()?;
    let (account, device) = app.tokens().verify(token, app.now())?;
    Some(Caller { account, device, request_id: RequestId::of(request) })
}

impl Caller {
    /// Reads a participant's record and answers once the audit event is on disk. `entity` is the entry that is read,
    /// if it is a single one. The work may run more than once.
    pub async fn read<T: Send + 'static>(
        self,
        app: &App,
        action: Action,
        participant: ParticipantRef,
        entity: Option<Uuid>,
        work: impl Fn(&mut Tx, &Grant) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let request = self.request(app);
        let (grant, answer) = app
            .read(move |tx| {
                let grant = self.granted(tx, action, participant, request)?;
                let answer = work(tx, &grant)?;
                Ok((grant, answer))
            })
            .await?;
        // Reading one's own record is not recorded, so it needs no write.
        if grant.relation() != Relation::Own {
            let record = grant.participant().into();
            app.write_to(record, move |tx| audit::record_view(tx, &grant, action, entity)).await?;
        }
        Ok(answer)
    }

    /// Changes a participant's record in one transaction and answers once it is on disk. The work writes its own
    /// audit events. It may run more than once, so make ids outside it.
    pub async fn write<T: Send + 'static>(
        self,
        app: &App,
        action: Action,
        participant: ParticipantRef,
        work: impl Fn(&mut Tx, &Grant) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let request = self.request(app);
        // Groups writes to one record. `me` is grouped by account, because the record's id is read later.
        let record = match participant {
            ParticipantRef::Me => self.account.into(),
            ParticipantRef::Id(participant) => participant.into(),
        };
        app.write_to(record, move |tx| {
            let grant = self.granted(tx, action, participant, request)?;
            work(tx, &grant)
        })
        .await
    }

    /// Reads something of the caller's organization that does not concern a single participant.
    pub async fn read_organization<T: Send + 'static>(
        self,
        app: &App,
        action: Action,
        work: impl Fn(&mut Tx, &Permit) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let request = self.request(app);
        app.read(move |tx| {
            let permit = self.permitted(tx, action, request)?;
            work(tx, &permit)
        })
        .await
    }

    /// Changes something of the caller's organization, like [`Caller::write`] for a record.
    pub async fn write_organization<T: Send + 'static>(
        self,
        app: &App,
        action: Action,
        work: impl Fn(&mut Tx, &Permit) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let request = self.request(app);
        app.write(move |tx| {
            let permit = self.permitted(tx, action, request)?;
            work(tx, &permit)
        })
        .await
    }

    /// This request now.
    pub fn request(self, app: &App) -> Request {
        Request { id: self.request_id, now: app.now() }
    }

    /// The caller's role and organization, read in this transaction. 401 if the session was revoked or the account
    /// is suspended.
    pub fn actor(self, tx: &mut Tx) -> Result<Actor, Problem> {
        account::caller(tx, self.account, self.device)?.ok_or_else(Problem::unauthenticated)
    }

    fn granted(
        self,
        tx: &mut Tx,
        action: Action,
        participant: ParticipantRef,
        request: Request,
    ) -> Result<Grant, Problem> {
        let actor = self.actor(tx)?;
        let participant = match participant {
            ParticipantRef::Me => actor.participant.ok_or_else(Problem::unknown)?,
            ParticipantRef::Id(participant) => participant,
        };
        let relation = account::relation(tx, &actor, participant)?;
        access::decide(&actor, action, participant, relation, request).map_err(|refusal| {
            let problem = Problem::from(refusal);
            // The audit log records denied colleagues, not strangers of another organization.
            if relation == Relation::Foreign {
                return problem;
            }
            problem.denying(Denied { actor, participant, action, request })
        })
    }

    /// Proof that the caller may do this in their organization.
    pub fn permitted(self, tx: &mut Tx, action: Action, request: Request) -> Result<Permit, Problem> {
        let actor = self.actor(tx)?;
        Ok(access::permit(&actor, action, request)?)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::unknown(),
            Refusal::NotAllowed => Self::not_allowed(),
        }
    }
}

/// The record that a path names: `me`, or the id of a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum ParticipantRef {
    /// The caller's own record.
    Me,
    /// This participant's record.
    Id(ParticipantId),
}

/// Why a text is neither an id nor `me`.
#[derive(Debug, thiserror::Error)]
#[error("{0}, or `me` for yourself")]
pub struct NoOne(Invalid);

impl TryFrom<String> for ParticipantRef {
    type Error = NoOne;
    fn try_from(text: String) -> Result<Self, NoOne> {
        if text == "me" { Ok(Self::Me) } else { text.parse().map(Self::Id).map_err(NoOne) }
    }
}

impl PartialSchema for ParticipantRef {
    fn schema() -> RefOr<Schema> {
        text_schema(
            "The id of a participant, or `me` for a participant's own record",
            Some(2),
            Some(36),
            None,
            "me",
        )
    }
}
impl ToSchema for ParticipantRef {}
