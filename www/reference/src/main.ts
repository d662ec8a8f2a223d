import swaggerUi from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';
import './reference.css';
import { connectTokenForm } from './token-form';

/** The document's only security scheme. */
const scheme = 'token';

followColours();

const main = document.getElementById('reference');
if (main) {
  const ui = swaggerUi({
    url: '/v1/openapi.json',
    domNode: main,
    // No request to anyone but this relay.
    validatorUrl: null,
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    persistAuthorization: false,
    // Only then does it know the scheme that the token is for.
    onComplete: () => {
      connectTokenForm({
        use: (token) => {
          ui.preauthorizeApiKey(scheme, token);
        },
        forget: () => {
          ui.authActions.logout([scheme]);
        },
      });
    },
  });
}

/** The library is dark by a class, not by what the device says. */
function followColours(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', apply);
  apply();
}
