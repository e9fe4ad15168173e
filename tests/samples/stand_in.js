// Stands in for @huaweicloud/huaweicloud-sdk-cbr, which is not on npm: the classes and methods that the vendor's generator
// makes of the contract's operations, on the vendor's own core package, which signs and sends.

const operations = require("./operations.json");

const words = (name) => name.split("_").map((word) => word[0].toUpperCase() + word.slice(1));

function declare(name, members) {
  const kind = class {};
  for (const member of members) {
    kind.prototype["with" + words(member).join("")] = function (value) {
      this[member] = value;
      return this;
    };
  }
  exports[name] = kind;
}

function declareBody(schema) {
  if (schema["x-model"]) {
    declare(schema["x-model"], Object.keys(schema.properties));
    Object.values(schema.properties).forEach(declareBody);
  } else if (schema.items) {
    declareBody(schema.items);
  }
}

class CbrClient {
  constructor(client) {
    this.hcClient = client;
  }

  static newBuilder() {
    const { ClientBuilder } = require("@huaweicloud/huaweicloud-sdk-core/ClientBuilder");
    return new ClientBuilder((client) => new CbrClient(client));
  }
}
exports.CbrClient = CbrClient;

for (const { operation, method, path, query, body } of operations) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).filter((name) => name !== "project_id");
  const inQuery = query ? Object.keys(query.properties) : [];
  declare(operation + "Request", [...inPath, ...inQuery, ...(body ? ["body"] : [])]);
  if (body) {
    declareBody(body);
  }
  const of = (request, names) =>
    Object.fromEntries(names.filter((name) => request[name] !== undefined).map((name) => [name, request[name]]));
  CbrClient.prototype[operation[0].toLowerCase() + operation.slice(1)] = function (request) {
    return this.hcClient.sendRequest({
      method,
      url: path,
      contentType: "application/json",
      headers: {},
      pathParams: of(request, inPath),
      queryParams: of(request, inQuery),
      ...(body ? { data: request.body } : {}),
    });
  };
}
