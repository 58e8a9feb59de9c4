//! What `docs/deploy` offers: it is what its tools take it for, and it fits the program.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use secrecy::ExposeSecret;
use serde_json::Value;
use windlass::{
    cli,
    config::{Options, load},
};

use crate::harness::{database::On, ship::Ship};

/// Settings of the chart that bring everything in it about.
const EVERYTHING: &str = "target.existingSecret=database,settings=[run],ingress.enabled=true,ingress.host=windlass.example,\
                          ingress.className=nginx,ingress.tlsSecret=tls,networkPolicy.enabled=true,\
                          persistence.storageClass=fast,imagePullSecrets[0].name=pull,\
                          env[0].name=WINDLASS__POLICY__COMPATIBILITY,env[0].value=range,podAnnotations.team=app,\
                          nodeSelector.disk=fast,tolerations[0].key=database,tolerations[0].operator=Exists,\
                          affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight=1,\
                          affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]\
                          .podAffinityTerm.topologyKey=kubernetes.io/hostname,\
                          networkPolicy.from[0].podSelector.matchLabels.app=web";
/// The oldest Kubernetes that the chart names, and the newest whose schema is known.
const VERSIONS: [&str; 2] = ["1.27", "1.37"];

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy").join(path)
}

fn tool(name: &str) -> Command {
    let tools = std::env::var("WINDLASS_TEST_KUBERNETES")
        .expect("WINDLASS_TEST_KUBERNETES is not set: run ./test, which installs helm and kubernetes-validate");
    Command::new(Path::new(&tools).join(name))
}

fn ended(command: &mut Command) -> Output {
    let output = command.output().expect("a program that starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{}\n{said}", String::from_utf8_lossy(&output.stdout));
    output
}

/// The chart with these settings, as Kubernetes would get it.
fn rendered(settings: &str) -> Vec<u8> {
    ended(tool("helm").args(["template", "ship"]).arg(deploy("helm/windlass")).args(["--set", settings])).stdout
}

/// The same, as JSON.
fn documents(settings: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.yaml");
    fs::write(&file, rendered(settings)).unwrap();
    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    serde_json::from_slice(&ended(tool("python").args(["-c", script]).arg(&file)).stdout).unwrap()
}

fn of_kind<'a>(documents: &'a [Value], kind: &str) -> &'a Value {
    documents.iter().find(|document| document["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

#[test]
fn helm_and_kubernetes_find_nothing_wrong_with_the_chart() {
    let folder = tempfile::tempdir().unwrap();
    for settings in ["", EVERYTHING] {
        let chart = deploy("helm/windlass");
        ended(tool("helm").args(["lint", "--strict", "--set", settings]).arg(&chart));
        let file = folder.path().join("all.yaml");
        fs::write(&file, rendered(settings)).unwrap();
        for version in VERSIONS {
            ended(tool("kubernetes-validate").args(["--strict", "--kubernetes-version", version]).arg(&file));
        }
    }
    let kinds =
        documents(EVERYTHING).iter().map(|one| one["kind"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    for kind in ["ConfigMap", "Deployment", "Ingress", "NetworkPolicy", "PersistentVolumeClaim", "Service"] {
        assert!(kinds.iter().any(|found| found == kind), "{kind} in {kinds:?}");
    }
}

/// Goal: a block of the chart that nobody rendered would fail at who first needs it. Method: what was set is found where Kubernetes
/// looks for it.
#[test]
fn what_the_chart_is_given_arrives() {
    let documents = documents(EVERYTHING);
    let pod = &of_kind(&documents, "Deployment")["spec"]["template"];
    let policy = &of_kind(&documents, "NetworkPolicy")["spec"];

    assert_eq!(pod["metadata"]["annotations"]["team"], "app");
    assert_eq!(pod["spec"]["nodeSelector"]["disk"], "fast");
    assert_eq!(pod["spec"]["tolerations"][0]["key"], "database");
    assert_eq!(pod["spec"]["imagePullSecrets"][0]["name"], "pull");
    let term = &pod["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0];
    assert_eq!(term["podAffinityTerm"]["topologyKey"], "kubernetes.io/hostname");
    let variables = pod["spec"]["containers"][0]["env"].as_array().unwrap();
    assert!(variables.iter().any(|one| one["name"] == "WINDLASS__POLICY__COMPATIBILITY" && one["value"] == "range"));
    assert_eq!(policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"]["app"], "web");
}

#[test]
fn the_pod_may_do_nothing_that_it_does_not_need() {
    let documents = documents(EVERYTHING);
    let pod = &of_kind(&documents, "Deployment")["spec"]["template"]["spec"];
    let container = &pod["containers"][0]["securityContext"];

    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(container["allowPrivilegeEscalation"], false);
    assert_eq!(container["readOnlyRootFilesystem"], true);
    assert_eq!(container["capabilities"]["drop"][0], "ALL");
    let secret = pod["volumes"].as_array().unwrap().iter().find(|volume| volume["name"] == "target").unwrap();
    assert_eq!(secret["secret"]["defaultMode"], 0o440, "of root, read by the group");
    assert!(pod["terminationGracePeriodSeconds"].as_u64() > Some(25), "longer than server.shutdown_grace");
}

/// Goal: a probe that asks for a path that is not there would restart windlass for ever.
#[tokio::test]
async fn the_probes_ask_what_windlass_answers_without_a_token() {
    let mut ship = Ship::with_sample(On::Sqlite).await;
    ship.cli(&["up"]).await.exits(0);
    ship.serve().await;
    let documents = documents("");
    let container = &of_kind(&documents, "Deployment")["spec"]["template"]["spec"]["containers"][0];
    for probe in ["livenessProbe", "readinessProbe"] {
        let path = container[probe]["httpGet"]["path"].as_str().expect(probe);
        let answer = reqwest::get(format!("{}{path}", ship.url())).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{probe}: {path}");
    }
}

/// Goal: a variable that is no setting would keep windlass from starting.
#[test]
fn what_the_chart_and_the_unit_set_are_settings() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("target_url");
    fs::write(&url, "postgres://app@db/app").unwrap();
    fs::set_permissions(&url, std::os::unix::fs::PermissionsExt::from_mode(0o400)).unwrap();
    let documents = documents(EVERYTHING);
    let container = &of_kind(&documents, "Deployment")["spec"]["template"]["spec"]["containers"][0];
    let of_chart = container["env"].as_array().unwrap().iter();
    let of_chart =
        of_chart.map(|one| (one["name"].as_str().unwrap().to_owned(), one["value"].as_str().unwrap().to_owned()));
    let unit = fs::read_to_string(deploy("windlass.service")).unwrap();
    let of_unit = unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
    let variables: Vec<(String, String)> =
        of_chart.chain(of_unit.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect();
    assert!(variables.iter().filter(|(name, _)| name == "WINDLASS__TARGET__URL_FILE").count() == 2, "{variables:?}");

    for (name, value) in variables.iter().filter(|(name, _)| name != "WINDLASS_CONFIG") {
        let value = if name.ends_with("_FILE") { url.to_str().unwrap() } else { value.as_str() };
        let options = Options {
            folder: folder.path().to_owned(),
            variables: vec![(name.into(), value.into())],
            ..Options::default()
        };
        let config = load(&options).unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_target = name.ends_with("_FILE");
        assert!(!is_target || config.target.url.expose_secret().starts_with("postgres:"), "{name}");
    }
}

#[test]
fn the_unit_starts_windlass_with_words_that_it_knows() {
    let unit = fs::read_to_string(deploy("windlass.service")).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a command");
    let words = line.split(' ').map(Into::into);
    assert!(cli::read(words).expect("a command line").serves(), "{line}");
    for setting in
        ["DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077", "CapabilityBoundingSet="]
    {
        assert!(unit.lines().any(|line| line == setting), "{setting}");
    }
}

/// Goal: the commands of the guide leave the file of settings that the unit names, which must exist, and it is one.
#[test]
fn the_guide_writes_the_settings_that_the_unit_names() {
    let guide = fs::read_to_string(deploy("README.md")).unwrap();
    let unit = fs::read_to_string(deploy("windlass.service")).unwrap();
    let named = unit.split_once("--config ").expect("a file").1.split_whitespace().next().unwrap();
    let opening = format!("install -m 644 /dev/stdin {named} <<'END'\n");
    let settings = guide.split_once(&opening).expect("written by the guide").1.split_once("END\n").unwrap().0;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("windlass.toml");
    fs::write(&file, settings).unwrap();

    let options = Options { folder: folder.path().to_owned(), file: Some(file), ..Options::default() };
    let config = load(&options).expect("settings");
    let migrations = config.catalog.path.display().to_string();
    assert!(guide.contains(&format!("cp -R migrations {migrations}\n")), "{migrations}");
}
