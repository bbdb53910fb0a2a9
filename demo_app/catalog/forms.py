from django import forms


class PriceForm(forms.Form):
    price = forms.DecimalField(min_value=0, max_digits=7, decimal_places=2)
