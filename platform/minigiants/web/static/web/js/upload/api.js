// The API as the upload page uses it: JSON in, JSON out, problems as exceptions.

export class ApiProblem extends Error {
  constructor(problem, status) {
    super(problem.detail || problem.title);
    this.title = problem.title;
    this.detail = problem.detail;
    this.mend = problem.mend ?? "";
    this.code = problem.code ?? "";
    this.status = status;
  }
}

export function problemFrom(text, status) {
  try {
    const problem = JSON.parse(text);
    if (problem.title) return new ApiProblem(problem, status);
  } catch {
    // Not JSON: something between us and the server answered.
  }
  return new ApiProblem(
    {
      title: "The server answered something unexpected",
      detail: `Status ${status}.`,
      mend: "Try again in a minute. Parts that have arrived stay there.",
    },
    status,
  );
}

export function isPassing(status) {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

export class Api {
  constructor(csrfToken) {
    this.csrfToken = csrfToken;
  }

  async send(method, path, { body, signal } = {}) {
    const response = await fetch(`/api/v1${path}`, {
      method,
      signal,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        "X-CSRFToken": this.csrfToken,
        ...(body ? { "Content-Type": "application/json" } : {}),
      },
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await response.text();
    if (!response.ok) throw problemFrom(text, response.status);
    return text ? JSON.parse(text) : null;
  }
}
