// Run by CloudFront on each request for the page: addresses of the client are its index.html, files are themselves.
function handler(event) {
  var request = event.request;
  if (!/^\/(assets\/.+|[^\/]+\.[^\/]+)$/.test(request.uri)) {
    request.uri = "/index.html";
  }
  return request;
}
