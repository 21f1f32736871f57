// The server's HTTP interface, as the page uses it.

async function request(path, body, signal) {
  const response = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: body === undefined ? {} : {'content-type': 'application/json'},
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  if (!response.ok) {
    const answer = await response.json().catch(() => null);
    throw new Error(answer && answer.error ? answer.error.message : 'the server answered with status ' + response.status);
  }
  return response;
}

export async function models() {
  return (await (await request('v1/models')).json()).data;
}

export async function post(path, body, signal) {
  return (await request(path, body, signal)).json();
}

/** Calls onText with each part of a completion as it arrives. */
export async function stream(body, onText, signal) {
  const response = await request('v1/completions', {...body, stream: true}, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) {
      return;
    }
    const events = (waiting + value).split('\n\n');
    waiting = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, '');
      if (data === '[DONE]') {
        return;
      }
      const answer = JSON.parse(data);
      if (answer.error) {
        throw new Error(answer.error.message);
      }
      answer.choices.forEach(choice => onText(choice.text));
    }
  }
}
