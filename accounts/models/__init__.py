from accounts.models.api_token import ApiToken, FormAlreadyUsed, Issued, Status
from accounts.models.bearer import Bearer
from accounts.models.user import User

__all__ = ["ApiToken", "Bearer", "FormAlreadyUsed", "Issued", "Status", "User"]
