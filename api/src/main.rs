//! The binary `evenkeel`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use evenkeel::config::{AuditCommand, Cli, Command, Config, OrgCommand};
use evenkeel::{App, Clock, account, demo, journal, openapi, server};
use evenkeel_domain::account::{Email, OrganisationName};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = log_to_stderr(&cli.config.log).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(run(cli))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Nowhere is left to say that even this could not be said.
            let _ = writeln!(std::io::stderr(), "evenkeel: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), String> {
    let open = |config: Config| async {
        let app = App::open(config, Clock::system())?;
        let migrations = app.migrate().await?;
        Ok::<_, String>((app, migrations))
    };
    match cli.command {
        Command::Serve { demo } => serve(open(cli.config).await?.0, demo).await,
        Command::Migrate => {
            let (app, migrations) = open(cli.config).await?;
            say(&format!("{} is up to date, {migrations} migrations were run", app.database().location()))
        }
        Command::Openapi => {
            say(&serde_json::to_string_pretty(&openapi::document()).map_err(|error| error.to_string())?)
        }
        Command::Org(OrgCommand::Create { name, admin_email }) => {
            let name = OrganisationName::try_from(name).map_err(|error| format!("the name {error}"))?;
            let email = Email::try_from(admin_email).map_err(|error| format!("the address {error}"))?;
            let (app, _) = open(cli.config).await?;
            let code = account::create_organisation(&app, name, email)
                .await
                .map_err(|problem| problem.to_string())?;
            say(&format!("Invite code of the first admin, good for 72 hours, once: {code}"))
        }
        Command::Audit(AuditCommand::Verify) => {
            let (app, _) = open(cli.config).await?;
            let verdict = journal::verify(&app)?;
            let (entries, blocks) = (verdict.entries, verdict.blocks);
            for finding in &verdict.findings {
                say(&finding.to_string())?;
            }
            if verdict.forged_heads != 0 {
                say(&format!(
                    "{} heads beside the database were not signed by this key",
                    verdict.forged_heads
                ))?;
            }
            match verdict.findings.len() + verdict.forged_heads {
                0 => say(&format!("The journal is whole: {entries} entries, {blocks} sealed blocks.")),
                wrong => Err(format!("the journal was tampered with: {wrong} findings in {entries} entries")),
            }
        }
        Command::Backup { to } => {
            let app = App::open(cli.config, Clock::system())?;
            app.database().backup(&to).map_err(|error| error.to_string())?;
            say(&format!("Copied to {}. Keep keys.json with it, in another place.", to.display()))
        }
    }
}

async fn serve(app: App, with_demo: bool) -> Result<(), String> {
    let mut stop = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let told = |problem: evenkeel::problem::Problem| problem.to_string();
    let greeting = if with_demo {
        demo::seed(&app).await.map_err(told)?
    } else {
        let code = account::first_admin(&app).await.map_err(told)?;
        code.map(|code| format!("First admin: redeem this invite code within 72 hours (see /docs): {code}"))
            .into_iter()
            .collect()
    };
    let database = app.database().location().to_string();
    let mail = match &app.config().smtp_url {
        Some(_) => "by SMTP".to_owned(),
        None => format!("as files in {}", app.config().data.join("mail").display()),
    };
    let running = server::serve(app, true)?;
    say(&format!(
        "Evenkeel listens on http://{0}\n  database  {database}\n  mail      {mail}\n  metrics   http://{1}/metrics\n  docs      http://{0}/docs",
        running.address, running.metrics_address
    ))?;
    for line in greeting {
        say(&line)?;
    }
    tokio::select! {
        _ = stop.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

fn say(line: &str) -> Result<(), String> {
    writeln!(std::io::stdout(), "{line}").map_err(|error| error.to_string())
}

fn log_to_stderr(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("--log: {error}"))?;
    let format =
        tracing_subscriber::fmt().json().flatten_event(true).with_span_list(false).with_target(false);
    format.with_env_filter(filter).with_writer(std::io::stderr).init();
    // A panic's message may quote what was being worked on; where it happened is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "panic");
    }));
    Ok(())
}
