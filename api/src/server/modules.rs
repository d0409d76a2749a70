//! The one list of modules: from it come the routes, and the tags of the OpenAPI document.

use utoipa_actix_web::service_config::ServiceConfig;

/// A module as the server sees it.
pub struct Module {
    /// Its name, which is its tag in the document.
    pub name: &'static str,
    /// What it is about, for the document.
    pub about: &'static str,
    /// Its routes.
    pub routes: fn(&mut ServiceConfig),
}

/// Every module with routes.
pub const MODULES: &[Module] = &[
    Module { name: "account", about: "Signing in, devices, invites", routes: crate::account::routes },
    Module {
        name: "craving",
        about: "Cravings: logged on the phone, offline first",
        routes: crate::craving::routes,
    },
    Module {
        name: "coping",
        about: "Coping skills: on offer, practiced, assigned, and what works",
        routes: crate::coping::routes,
    },
    Module {
        name: "check_in",
        about: "Daily and weekly check-ins: what they ask, what was answered, how often",
        routes: crate::check_in::routes,
    },
    Module {
        name: "recovery",
        about: "Sober time, milestones, lapses without shame, and what the plan could learn",
        routes: crate::recovery::routes,
    },
    Module {
        name: "plan",
        about: "The relapse-prevention plan and the safety plan, and the bundle a phone keeps for when it is offline",
        routes: crate::plan::routes,
    },
    Module {
        name: "program",
        about: "The level of care: intensive outpatient or continuing care, and since when",
        routes: crate::program::routes,
    },
    Module {
        name: "trend",
        about: "What the logs come to, for the counselor and the participant",
        routes: crate::trend::routes,
    },
    Module { name: "reminder", about: "Discreet e-mail reminders", routes: crate::reminder::routes },
    Module { name: "audit", about: "Who saw or did what", routes: crate::audit::routes },
    Module { name: "operations", about: "Health, keys, problems", routes: super::ops::routes },
];

/// The routes of all modules.
pub fn routes(config: &mut ServiceConfig) {
    for module in MODULES {
        (module.routes)(config);
    }
}
