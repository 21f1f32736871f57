// Renders openapi.json as a page.

const main = document.getElementById('main');

function element(name, text, parent, className) {
  const result = document.createElement(name);
  result.textContent = text ?? '';
  if (className) {
    result.className = className;
  }
  parent.append(result);
  return result;
}

function type(schema) {
  if (schema.oneOf) {
    return schema.oneOf.map(type).join(' or ');
  }
  return schema.type === 'array' ? 'array of ' + type(schema.items) : schema.type ?? 'any';
}

function resolve(document_, schema) {
  return schema?.$ref ? schema.$ref.slice(2).split('/').reduce((at, key) => at[key], document_) : schema;
}

function fields(document_, schema, parent) {
  const table = element('table', '', parent);
  const head = element('tr', '', element('thead', '', table));
  ['field', 'type', 'meaning'].forEach(each => element('th', each, head).setAttribute('scope', 'col'));
  const body = element('tbody', '', table);
  const parts = [schema, ...(schema.allOf ?? [])].map(each => resolve(document_, each));
  for (const [name, field] of parts.flatMap(each => Object.entries(each.properties ?? {}))) {
    const row = element('tr', '', body);
    element('code', name, element('td', '', row));
    element('td', type(resolve(document_, field)), row);
    element('td', (field.description ?? '') + (field.default === undefined ? '' : ` Default: ${JSON.stringify(field.default)}.`), row);
  }
}

const described = await (await fetch('openapi.json')).json();
main.replaceChildren();
element('p', described.info.description, main);
for (const [path, methods] of Object.entries(described.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const section = element('section', '', main);
    const title = element('h2', '', section);
    element('span', method.toUpperCase() + ' ' + path, title, 'method');
    element('p', operation.summary, section);
    const body = operation.requestBody?.content['application/json'];
    if (body) {
      fields(described, resolve(described, body.schema), section);
      element('h3', 'Example', section);
      element('pre', `curl -s http://${location.host}${path} -H 'content-type: application/json' \\\n  -d '${JSON.stringify(body.example)}'`,
        section).setAttribute('tabindex', '0');
    }
  }
}
