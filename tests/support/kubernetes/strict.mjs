// What published schemas say of objects: kubernetes-models has the types, @kubernetes/client-node the names of all fields (its schemas
// let unknown ones pass). One JSON object a line on standard input, one list of faults a line on standard output.
//
//   node strict.mjs NODE_MODULES
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";

const modules = process.argv[2];
const require = createRequire(`${modules}/`);
// A package may leave its parts out of what can be required by name: by file, then.
const client = await import(pathToFileURL(require.resolve("@kubernetes/client-node")).href);
const schemas = {};
const kinds = {
  "v1/Pod": ["IoK8sApiCoreV1Pod", "V1Pod"],
  "v1/ConfigMap": ["IoK8sApiCoreV1ConfigMap", "V1ConfigMap"],
  "v1/Secret": ["IoK8sApiCoreV1Secret", "V1Secret"],
  "v1/Namespace": ["IoK8sApiCoreV1Namespace", "V1Namespace"],
  "v1/ResourceQuota": ["IoK8sApiCoreV1ResourceQuota", "V1ResourceQuota"],
  "batch/v1/Job": ["IoK8sApiBatchV1Job", "V1Job"],
  "authorization.k8s.io/v1/SelfSubjectAccessReview": ["IoK8sApiAuthorizationV1SelfSubjectAccessReview", "V1SelfSubjectAccessReview"],
  "authorization.k8s.io/v1/SelfSubjectRulesReview": ["IoK8sApiAuthorizationV1SelfSubjectRulesReview", "V1SelfSubjectRulesReview"],
};

// Fields of the value that its type does not have, by their paths.
function unknown(value, type, path) {
  if (value === null || typeof value !== "object") return [];
  const list = /^Array<(.*)>$/.exec(type);
  if (list) return Array.isArray(value) ? value.flatMap((one, at) => unknown(one, list[1], `${path}[${at}]`)) : [];
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
  if (map) return Object.entries(value).flatMap(([key, one]) => unknown(one, map[1], `${path}.${key}`));
  const model = client[type];
  if (!model?.getAttributeTypeMap) return [];
  const fields = Object.fromEntries(model.getAttributeTypeMap().map((field) => [field.baseName, field.type]));
  return Object.entries(value).flatMap(([key, one]) => {
    const where = path ? `${path}.${key}` : key;
    return key in fields ? unknown(one, fields[key], where) : [`unknown field "${where}"`];
  });
}

async function faults(object) {
  const kind = kinds[`${object.apiVersion}/${object.kind}`];
  if (!kind) return [];
  schemas[kind[0]] ??= (await import(pathToFileURL(`${modules}/kubernetes-models/_schemas/${kind[0]}.js`).href)).validate;
  const found = unknown(object, kind[1], "");
  if (!schemas[kind[0]](object)) {
    for (const error of schemas[kind[0]].errors) {
      found.push(`${error.instancePath.slice(1).replaceAll("/", ".")}: ${error.keyword} ${JSON.stringify(error.params)}`);
    }
  }
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await faults(JSON.parse(line))));
}
