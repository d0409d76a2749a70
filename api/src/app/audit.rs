//! Writes the audit log: what was done, seen or refused.

use evenkeel_domain::access::{Action, Actor, Grant, Permit, Relation, Request};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::audit::{AuditEvent, AuditOutcome};
use evenkeel_persistence::{Tx, audit as store};
use jiff::SignedDuration;
use uuid::Uuid;

use super::problem::{Denied, Problem};

/// Like refusals within this time are recorded once, so that nobody can fill the audit log with them.
const SAME_REFUSAL: SignedDuration = SignedDuration::from_hours(1);

/// Records what an actor did to a participant's record.
pub fn record(tx: &mut Tx, grant: &Grant, action: Action, entity: Option<Uuid>) -> Result<(), Problem> {
    append(tx, grant.participant().into(), Some(grant.actor()), action, entity, grant.request())
}

/// Records that an actor saw a participant's record. Records nothing when participants read their own.
pub fn record_view(tx: &mut Tx, grant: &Grant, action: Action, entity: Option<Uuid>) -> Result<(), Problem> {
    match grant.relation() {
        Relation::Own => Ok(()),
        Relation::Caseload | Relation::Organization | Relation::Foreign => record(tx, grant, action, entity),
    }
}

/// Records what an actor did in the organization, in the actor's own stream.
pub fn record_permitted(tx: &mut Tx, permit: &Permit, entity: Option<Uuid>) -> Result<(), Problem> {
    record_own(tx, permit.actor(), permit.action(), entity, permit.request())
}

/// Records what an actor did to their own account, in the actor's own stream.
pub fn record_own(
    tx: &mut Tx,
    actor: &Actor,
    action: Action,
    entity: Option<Uuid>,
    request: Request,
) -> Result<(), Problem> {
    append(tx, actor.account.into(), Some(actor), action, entity, request)
}

/// Records that an actor saw something of a participant in a list of several.
pub fn record_listed(tx: &mut Tx, permit: &Permit, participant: ParticipantId) -> Result<(), Problem> {
    append(tx, participant.into(), Some(permit.actor()), permit.action(), None, permit.request())
}

/// Records what happened while nobody was signed in, such as a sent reminder or an unsubscribe link.
pub fn record_system(
    tx: &mut Tx,
    stream: Uuid,
    action: Action,
    entity: Option<Uuid>,
    request: Request,
) -> Result<(), Problem> {
    append(tx, stream, None, action, entity, request)
}

/// Records that somebody who is not signed in was refused an account or an invitation.
pub fn record_refused(
    tx: &mut Tx,
    stream: Uuid,
    action: Action,
    entity: Option<Uuid>,
    request: Request,
) -> Result<(), Problem> {
    let refused = AuditEvent { outcome: AuditOutcome::Refused, ..event(None, action, entity, request) };
    store::append(tx, stream, &refused)?;
    Ok(())
}

/// Whether the stream already has this refusal, of somebody not signed in, from the last hour.
pub fn was_refused_lately(
    tx: &mut Tx,
    stream: Uuid,
    action: Action,
    request: Request,
) -> Result<bool, Problem> {
    let since = request.now.plus(-SAME_REFUSAL);
    Ok(store::was_refused_since(tx, stream, None, since, |one| one == action)?)
}

/// Records that a member of the organization was denied a participant's record: at most once an hour for each module.
pub fn record_denied(tx: &mut Tx, denied: &Denied) -> Result<(), Problem> {
    let Denied { actor, participant, action, request } = denied;
    let (stream, module) = (Uuid::from(*participant), action.policy().module);
    let since = request.now.plus(-SAME_REFUSAL);
    let is_alike = |one: Action| one.policy().module == module;
    if store::was_refused_since(tx, stream, Some(actor.account), since, is_alike)? {
        return Ok(());
    }
    let refused =
        AuditEvent { outcome: AuditOutcome::Refused, ..event(Some(actor), *action, None, *request) };
    store::append(tx, stream, &refused)?;
    Ok(())
}

fn append(
    tx: &mut Tx,
    stream: Uuid,
    actor: Option<&Actor>,
    action: Action,
    entity: Option<Uuid>,
    request: Request,
) -> Result<(), Problem> {
    store::append(tx, stream, &event(actor, action, entity, request))?;
    Ok(())
}

fn event(actor: Option<&Actor>, action: Action, entity: Option<Uuid>, request: Request) -> AuditEvent {
    AuditEvent {
        // The stream sets the number when it appends the event.
        seq: 0,
        at: request.now,
        actor: actor.map(|actor| actor.account),
        actor_role: actor.map(|actor| actor.role),
        device: actor.map(|actor| actor.device),
        action,
        module: action.policy().module,
        entity,
        outcome: AuditOutcome::Done,
        request_id: request.id,
    }
}
