// node validate.mjs MODULES KIND FILE: prints what is wrong with the file, and ends with 1 then.
//
// KIND: action and workflow are checked by action-validator, which has the schemas that SchemaStore publishes for GitHub;
// gitlab against the schema of GitLab's own editor, as gitlab-ci-local carries it. Of Travis no registry has one: its
// keys are those of its reference (docs.travis-ci.com), as far as the example uses them.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, kind, file] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const text = readFileSync(file, "utf8");
const yaml = require("js-yaml");

async function gitlab() {
  const path = `${modules}/node_modules/gitlab-ci-local/src/schema/schema.js`;
  const { schema } = await import(pathToFileURL(path));
  const Ajv = require("ajv").default;
  const check = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
  return check(yaml.load(text)) ? [] : check.errors;
}

function travis() {
  const known = { os: "string", dist: "string", language: "string", services: "object", git: "object", cache: "object",
                  env: "object", before_install: "object", script: "object" };
  return Object.entries(yaml.load(text)).filter(([key, value]) => typeof value !== known[key]);
}

function github(kind) {
  const validator = require("@action-validator/core");
  return (kind === "action" ? validator.validateAction(text) : validator.validateWorkflow(text)).errors;
}

const errors = kind === "gitlab" ? await gitlab() : kind === "travis" ? travis() : github(kind);
for (const error of errors) {
  console.log(JSON.stringify(error));
}
process.exit(errors.length === 0 ? 0 : 1);
