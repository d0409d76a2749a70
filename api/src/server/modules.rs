//! The list of modules. The routes and the tags of the OpenAPI document come from it.

use utoipa_actix_web::service_config::ServiceConfig;

/// A module as the server sees it.
pub struct Module {
    /// Its name, which is also its tag in the document.
    pub name: &'static str,
    /// Its description in the document.
    pub about: &'static str,
    /// Its routes.
    pub routes: fn(&mut ServiceConfig),
}

/// Every module with routes.
pub const MODULES: &[Module] = &[
    Module { name: "account", about: "Sign-in, devices, invitations", routes: crate::account::routes },
    Module {
        name: "craving",
        about: "Cravings, logged on the phone, also offline",
        routes: crate::craving::routes,
    },
    Module {
        name: "coping",
        about: "Coping skills: the library, practice, assignments, and what helps",
        routes: crate::coping::routes,
    },
    Module {
        name: "check_in",
        about: "Daily and weekly check-ins: questions, answers and completion rate",
        routes: crate::check_in::routes,
    },
    Module {
        name: "recovery",
        about: "Sober time, milestones, lapses without shame, and proposed changes of the plan",
        routes: crate::recovery::routes,
    },
    Module {
        name: "plan",
        about: "The relapse-prevention plan, the safety plan, and the bundle for a phone that is offline",
        routes: crate::plan::routes,
    },
    Module {
        name: "program",
        about: "The level of care: intensive outpatient or continuing care, and since when",
        routes: crate::program::routes,
    },
    Module {
        name: "trend",
        about: "Trends of the logs and the caseload, for counselors and participants",
        routes: crate::trend::routes,
    },
    Module { name: "question", about: "Questions for the next session", routes: crate::question::routes },
    Module { name: "reminder", about: "Discreet email reminders", routes: crate::reminder::routes },
    Module { name: "audit", about: "Who did or saw what", routes: crate::audit::routes },
    Module { name: "operations", about: "Health, keys, problems", routes: super::ops::routes },
];

/// The routes of all modules.
pub fn routes(config: &mut ServiceConfig) {
    for module in MODULES {
        (module.routes)(config);
    }
}
